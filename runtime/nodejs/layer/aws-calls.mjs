// Records requests of AWS SDKs as the calls that they belong to, with the attributes of open-telemetry/aws-clients.mjs.
import { describeException } from '../capture/exceptions.mjs';
import { redact } from '../capture/redaction.mjs';
import { CLIENT, ERROR } from '../open-telemetry/span.mjs';
import { awsError, awsRequest, readBody } from './aws-request.mjs';

/** What is kept of an answer with an error, to tell what it was. */
const LONGEST_ERROR = 4_096;

/** Answers after which an SDK tries again. */
const isRetried = (status, error) => status >= 500 || status === 429 || /Throttl|TooManyRequests|ProvisionedThroughput|RequestTimeout|SlowDown/.test(error?.name ?? '');

export class AwsCalls {
  /** Calls that may be tried again, by the id that SDKs give to all attempts of one. */
  waiting = new Map();

  constructor(recorder) {
    this.recorder = recorder;
  }

  /**
   * @param {import('node:http').ClientRequest} request whose headers are known, and whose body is not written yet
   * @returns {import('../xray-sdk/recorder.mjs').Call | undefined} undefined when it is none of an AWS SDK, or not sampled
   */
  beginRequest(request) {
    const described = awsRequest({
      method: request.method, path: request.path, host: String(request.getHeader('host') ?? request.host), header: name => request.getHeader(name),
    });
    const call = described && this.begin(described, request.getHeader('amz-sdk-invocation-id'));
    if (call && described.hasBody) onBody(request, text => call.readBody(text));
    return call;
  }

  begin(described, id) {
    const invocation = this.recorder.running();
    // What is not sampled gets Lambda's own header from the AWS SDK.
    if (!invocation?.isSampled) return undefined;
    const earlier = id && this.waiting.get(id);
    this.waiting.delete(id);
    const span = earlier?.span ?? invocation.begin('', CLIENT);
    if (earlier) span.events = span.status = undefined;
    const attributes = span.attributes = {
      'rpc.system': 'aws-api', 'rpc.service': described.service, 'rpc.method': described.operation, 'aws.region': described.region, ...described.attributes,
    };
    if (!redact.s3Keys) delete attributes['aws.s3.key'];
    const attempts = (earlier?.attempts ?? 0) + 1;
    if (attempts > 1) attributes['http.request.resend_count'] = attempts - 1;
    const named = () => {
      span.name = `${described.service}.${described.operation ?? 'Call'}`;
    };
    named();
    const settle = (status, error) => {
      if (error) {
        span.recordException(error);
        span.status = { code: ERROR, message: describeException(error).message };
      }
      if (error && id && isRetried(status, error)) this.waiting.set(id, { span, attempts, endTime: span.invocation.now() });
      else span.end();
    };
    return {
      headers: [['X-Amzn-Trace-Id', span.invocation.header(span.id) + span.invocation.lineage]],
      replacesHeaders: true, // the SDK's own names Lambda's segment as the parent
      readBody(text) {
        readBody(described, text);
        Object.assign(attributes, described.attributes, { 'rpc.method': described.operation });
        named();
      },
      end({ status, contentLength, headers = {}, response }) {
        attributes['http.status_code'] = status;
        attributes['http.response_content_length'] = contentLength;
        attributes['aws.request_id'] = headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'];
        attributes['aws.extended_request_id'] = headers['x-amz-id-2'];
        if (!(status >= 400)) span.end();
        else if (!response) settle(status, awsError(status, headers['x-amzn-errortype'], ''));
        else onAnswer(response, text => settle(status, awsError(status, headers['x-amzn-errortype'], text)));
      },
      fail: error => settle(500, error),
    };
  }

  /** Ends what was not tried again, before the invocation ends. */
  settle(invocation) {
    for (const [id, { span, endTime }] of this.waiting) {
      if (span.invocation !== invocation) continue;
      this.waiting.delete(id);
      span.end(endTime);
    }
  }
}

/** Calls back with the body of a request, if it is written in one piece. */
function onBody(request, callback) {
  for (const name of ['write', 'end']) {
    const original = request[name];
    let isFirst = true;
    request[name] = function tracedWrite(chunk, ...rest) {
      if (isFirst && chunk && typeof chunk !== 'function') {
        isFirst = false;
        try {
          callback(typeof chunk === 'string' ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString());
        } catch { /* none of the known forms */ }
      }
      return original.call(this, chunk, ...rest);
    };
  }
}

/** Calls back with the beginning of an answer when all of it has arrived. It is not read for that: it passes by. */
function onAnswer(response, callback) {
  const { push } = response;
  const chunks = [];
  let length = 0;
  const done = () => {
    callback?.(Buffer.concat(chunks).toString('utf8', 0, LONGEST_ERROR));
    callback = undefined;
  };
  response.push = function tracedPush(chunk, ...rest) {
    if (chunk === null) done();
    else if (length < LONGEST_ERROR) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
    }
    return push.call(this, chunk, ...rest);
  };
  response.once('close', done);
}
