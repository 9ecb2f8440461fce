import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { RecordedSegment } from './segment-recorder';
import { newTraceId, TestCloud } from './test-cloud';
import { TEMPLATE } from './test-stack';
import { pause } from '../../src/run-command';

jest.setTimeout(120_000);

let cloud: TestCloud;
let outputs: Record<string, string>;

beforeAll(async () => {
  cloud = await TestCloud.start();
  outputs = await cloud.createStack('test', TEMPLATE);
});
afterAll(async () => cloud.close());

const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const byOrigin = (segments: RecordedSegment[], origin: string, name?: string) =>
  segments.filter(s => s.origin === origin && (!name || s.name === name));
const names = (segment: RecordedSegment) => (segment.subsegments ?? []).map(s => s.name);
const part = (segment: RecordedSegment, name: string) => (segment.subsegments ?? []).find(s => s.name === name)!;

/** The trace, as soon as it has so many segments of functions, each with its service segment. */
function traceWith(traceId: string, functions: number): Promise<RecordedSegment[]> {
  return cloud.recorder.until(`trace ${traceId} with ${functions} functions`, () => {
    const trace = cloud.recorder.trace(traceId);
    const ids = new Set(trace.flatMap(s => [s.id, ...(s.subsegments ?? []).map(c => c.id)]));
    const ran = byOrigin(trace, 'AWS::Lambda::Function');
    return ran.length === functions && ran.every(s => ids.has(s.parent_id!)) && trace;
  });
}

/** All functions that ran get their segment before the next event is handled, so one more traced call proves that nothing came before it. */
async function traceOfNextCall(name: string): Promise<void> {
  const traceId = newTraceId();
  await cloud.invoke(name, {}, `Root=${traceId};Sampled=1`);
  await traceWith(traceId, 1);
}

describe('an upload through S3 and SNS', () => {
  it('is one trace, with Lambda\'s two segments for each function', async () => {
    const traceId = newTraceId();
    await cloud.upload('incoming', `Root=${traceId};Sampled=1`);
    const trace = await traceWith(traceId, 2);

    const [topic] = byOrigin(trace, 'AWS::SNS');
    expect(topic).toMatchObject({
      name: 'uploads', http: { response: { status: 200 } }, aws: { operation: 'Publish', topic_arn: 'arn:aws:sns:us-east-1:000000000000:uploads' },
    });
    expect(topic.parent_id).toBeUndefined();
    for (const name of ['py', 'js']) {
      const [service] = byOrigin(trace, 'AWS::Lambda', name);
      const [ran] = byOrigin(trace, 'AWS::Lambda::Function', name);
      expect(service).toMatchObject({ parent_id: topic.id, http: { response: { status: 202 } }, resource_arn: functionArn(name) });
      expect(service.aws).toEqual({ request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
      expect(names(service)).toEqual(['Dwell Time', 'Attempt #1']);
      const [dwell, attempt] = service.subsegments!;
      expect(dwell.start_time).toBe(service.start_time);
      expect(dwell.end_time).toBe(attempt.start_time);
      expect(attempt.end_time!).toBeGreaterThan(service.end_time!);
      expect(ran).toMatchObject({
        parent_id: attempt.id, aws: { account_id: '000000000000', function_arn: functionArn(name), resource_names: [name] },
      });
      expect(part(ran, 'Invocation').start_time).toBe(ran.start_time);
      expect(part(ran, 'Overhead').end_time).toBe(ran.end_time);
    }
    // What the function sends itself hangs under its segment.
    const work = trace.find(s => s.name === 'py-work')!;
    expect(work.parent_id).toBe(byOrigin(trace, 'AWS::Lambda::Function', 'py')[0].id);
  });

  it('is one trace also where the uploader sends no header', async () => {
    const earlier = new Set(cloud.recorder.named('uploads').map(s => s.id));
    const traced = () => cloud.recorder.named('uploads').find(s => !earlier.has(s.id));
    // The topic samples one message a second by itself, and S3's test event may have been that one.
    while (!traced()) {
      await cloud.upload('incoming');
      await pause(300);
    }
    const topic = traced()!;
    const trace = await traceWith(topic.trace_id, 2);
    expect(byOrigin(trace, 'AWS::Lambda').map(s => s.parent_id)).toEqual([topic.id, topic.id]);
  });

  it('passes the header on, without a segment of SNS, where no resource policy allows one', async () => {
    const traceId = newTraceId();
    await cloud.upload('unpermitted', `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`);
    const trace = await traceWith(traceId, 1);
    expect(byOrigin(trace, 'AWS::SNS')).toEqual([]);
    expect(byOrigin(trace, 'AWS::Lambda')[0]).toMatchObject({ name: 'js', parent_id: '53995c3f42cd8ad8' });
  });

  it('puts a message for a function that is gone into the subscription\'s dead-letter queue', async () => {
    const message = await cloud.receive('lost');
    expect(JSON.parse(message.Body!)).toMatchObject({ Type: 'Notification', TopicArn: 'arn:aws:sns:us-east-1:000000000000:unpermitted' });
  });
});

describe('a synchronous call', () => {
  it('has no dwell time, and its segment is the whole time', async () => {
    const traceId = newTraceId();
    const { requestId, payload } = await cloud.invoke('py', {}, `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`);
    const trace = await traceWith(traceId, 1);
    const [service] = byOrigin(trace, 'AWS::Lambda');
    const [ran] = byOrigin(trace, 'AWS::Lambda::Function');
    expect(service).toMatchObject({ parent_id: '53995c3f42cd8ad8', http: { response: { status: 200 } }, aws: { request_id: requestId } });
    expect(service.subsegments).toBeUndefined();
    expect(service.fault).toBeUndefined();
    expect(ran.parent_id).toBe(service.id);
    expect(service.start_time).toBeLessThanOrEqual(ran.start_time);
    expect(service.end_time!).toBeGreaterThanOrEqual(ran.end_time!);
    expect(payload).toMatchObject({ requestId, arn: functionArn('py'), header: { Root: traceId, Parent: ran.id, Sampled: '1' } });
  });

  it('initialises an environment once, before the function\'s own time', async () => {
    const [first, second] = [newTraceId(), newTraceId()];
    await cloud.invoke('caller', {}, `Root=${first};Sampled=1`);
    await cloud.invoke('caller', {}, `Root=${second};Sampled=1`);
    const [cold] = byOrigin(await traceWith(first, 2), 'AWS::Lambda::Function', 'caller');
    expect(names(cold)).toEqual(['Initialization', 'Invocation', 'Overhead']);
    expect(part(cold, 'Initialization').start_time).toBeLessThan(part(cold, 'Initialization').end_time!);
    expect(part(cold, 'Initialization').end_time!).toBeLessThanOrEqual(cold.start_time);
    const [warm] = byOrigin(await traceWith(second, 2), 'AWS::Lambda::Function', 'caller');
    expect(names(warm)).toEqual(['Invocation', 'Overhead']);
  });

  it('records the exception of a handler that fails, and keeps its environment', async () => {
    const traceId = newTraceId();
    await cloud.invoke('js');
    const { error, payload } = await cloud.invoke('js', { fail: true }, `Root=${traceId};Sampled=1`);
    expect(error).toBe('Unhandled');
    expect(payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'told to fail', trace: expect.arrayContaining(['TypeError: told to fail']) });
    const trace = await traceWith(traceId, 1);
    expect(byOrigin(trace, 'AWS::Lambda')[0]).toMatchObject({ http: { response: { status: 200 } }, fault: true });
    const [ran] = byOrigin(trace, 'AWS::Lambda::Function');
    const { exceptions } = ran.cause as { exceptions: { id: string; stack: object[] }[] };
    expect(exceptions).toEqual([{
      id: expect.stringMatching(/^[0-9a-f]{16}$/), type: 'TypeError', message: 'told to fail',
      // Of its own frames, Lambda's runtime takes the scheme of the URL for the path.
      stack: [{ path: '/var/task/index.js', line: 4, label: 'exports.handler' }, { path: 'file', label: 'Runtime.handleOnceNonStreaming' }],
    }]);
    expect(ran.fault).toBe(true);
    expect(part(ran, 'Invocation')).toMatchObject({ fault: true, cause: exceptions[0].id });
    expect(part(ran, 'Initialization')).toBeUndefined();
    expect((await cloud.logLines('js')).find(line => line.includes('Invoke Error'))).toMatch(/^\d{4}-.*\tERROR\tInvoke Error \t\{"errorType":"TypeError"/);
  });

  it('reports a handler that takes too long', async () => {
    const traceId = newTraceId();
    const { payload } = await cloud.invoke('slow', {}, `Root=${traceId};Sampled=1`);
    expect(payload).toMatchObject({ errorType: 'Sandbox.Timedout', errorMessage: expect.stringMatching(/Task timed out after 1\.00 seconds$/) });
    expect(byOrigin(await traceWith(traceId, 1), 'AWS::Lambda::Function')[0]).toMatchObject({ fault: true });
    expect(await cloud.logLines('slow')).toContainEqual(expect.stringMatching(/^REPORT .*\tStatus: timeout\nXRAY TraceId: /));
  });

  it('continues the trace of the function that makes it', async () => {
    const traceId = newTraceId();
    await cloud.invoke('caller', {}, `Root=${traceId};Sampled=1`);
    const trace = await traceWith(traceId, 2);
    const [caller] = byOrigin(trace, 'AWS::Lambda::Function', 'caller');
    expect(byOrigin(trace, 'AWS::Lambda', 'js')[0]).toMatchObject({ parent_id: caller.id, http: { response: { status: 200 } } });
  });
});

describe('the sampling decision', () => {
  it('of the caller is honoured: nothing is sent for Sampled=0, and the function gets it', async () => {
    const traceId = newTraceId();
    const { payload } = await cloud.invoke('py', {}, `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=0`);
    expect(payload.header).toMatchObject({ Root: traceId, Parent: '53995c3f42cd8ad8', Sampled: '0' });
    await cloud.upload('incoming', `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=0`);
    await traceOfNextCall('py');
    await traceOfNextCall('js');
    expect(cloud.recorder.trace(traceId)).toEqual([]);
  });

  it('in mode PassThrough is no without a header, and yes with Sampled=1', async () => {
    const { payload } = await cloud.invoke('passive');
    expect(payload.header).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0/);
    await traceOfNextCall('passive');
    expect(cloud.recorder.trace(/Root=([^;]+)/.exec(payload.header)![1])).toEqual([]);
  });
});

describe('an asynchronous call', () => {
  const faults = (service: RecordedSegment) => service.subsegments!.map(s => [s.name, s.fault ?? false]);

  it('that fails for good has three attempts, and the event is in the dead-letter queue and at the destination', async () => {
    const traceId = newTraceId();
    const requestId = await cloud.send('flaky', { job: 7 }, `Root=${traceId};Sampled=1`);
    const trace = await traceWith(traceId, 3);
    const [service] = byOrigin(trace, 'AWS::Lambda');
    expect(service).toMatchObject({ http: { response: { status: 202 } }, aws: { request_id: requestId } });
    expect(faults(service)).toEqual([['Dwell Time', false], ['Attempt #1', true], ['Attempt #2', true], ['Attempt #3', true]]);
    const attempts = service.subsegments!.slice(1).map(s => s.id);
    expect(byOrigin(trace, 'AWS::Lambda::Function').map(s => s.parent_id)).toEqual(attempts);

    const dead = await cloud.receive('dead-letters');
    expect(JSON.parse(dead.Body!)).toEqual({ job: 7 });
    expect(dead.MessageAttributes).toMatchObject({
      RequestID: { StringValue: requestId }, ErrorCode: { StringValue: '200' }, ErrorMessage: { StringValue: 'attempt 3' },
    });
    expect(dead.Attributes!.AWSTraceHeader).toContain(`Root=${traceId};`);
    const failure = JSON.parse((await cloud.receive('failures')).Body!);
    expect(failure).toMatchObject({
      version: '1.0', requestPayload: { job: 7 },
      requestContext: { requestId, condition: 'RetriesExhausted', approximateInvokeCount: 3, functionArn: `${functionArn('flaky')}:$LATEST` },
      responseContext: { statusCode: 200, functionError: 'Unhandled' },
      responsePayload: { errorType: 'RangeError', errorMessage: 'attempt 3' },
    });
  });

  it('that succeeds at the second attempt is delivered once', async () => {
    await cloud.invoke('flaky', { failures: 0 }); // forgets the failures before
    const traceId = newTraceId();
    await cloud.send('flaky', { failures: 1 }, `Root=${traceId};Sampled=1`);
    const trace = await traceWith(traceId, 2);
    expect(faults(byOrigin(trace, 'AWS::Lambda')[0])).toEqual([['Dwell Time', false], ['Attempt #1', true], ['Attempt #2', false]]);
    expect(JSON.parse((await cloud.receive('successes')).Body!)).toMatchObject({
      requestContext: { condition: 'Success', approximateInvokeCount: 2 }, responsePayload: 'done',
    });
  });

  it('of a function that cannot be imported fails in each attempt, and the log says why', async () => {
    for (const [name, line] of [
      ['no-module-py', "[ERROR] Runtime.ImportModuleError: Unable to import module 'index': No module named 'aws_xray_sdk_that_is_missing'\nTraceback (most recent call last):"],
      ['no-module-js', expect.stringMatching(/ERROR\tUncaught Exception \t\{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module 'aws-xray-sdk-that-is-missing'/)],
    ] as const) {
      const traceId = newTraceId();
      await cloud.send(name, {}, `Root=${traceId};Sampled=1`);
      const trace = await traceWith(traceId, 3);
      for (const ran of byOrigin(trace, 'AWS::Lambda::Function')) {
        expect(ran).toMatchObject({ fault: true, cause: { exceptions: [{ type: 'Runtime.ImportModuleError' }] } });
        expect(names(ran)).toEqual(['Initialization', 'Invocation', 'Overhead']);
      }
      expect((await cloud.logLines(name)).filter(l => l.includes('Runtime.ImportModuleError') && !l.startsWith('REPORT'))).toEqual([line, line, line]);
    }
    expect(cloud.warnings.join('\n')).toMatch(/no-module-py failed for good \(RetriesExhausted, 3 attempts/);
    expect(cloud.warnings.join('\n')).toMatch(/dropped: no-module-py has neither a dead-letter queue nor an on-failure destination/);
  });
});

describe('other services on the way', () => {
  it('SQS: a trace of its own, linked to the sender\'s', async () => {
    const traceId = newTraceId();
    await cloud.sqs.send(new SendMessageCommand({
      QueueUrl: await cloud.queueUrl('work'), MessageBody: '{}',
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1` } },
    }));
    const link = { trace_id: traceId, id: '53995c3f42cd8ad8', attributes: { ReferenceType: 'parent' } };
    const service = await cloud.recorder.until('a linked segment', () => cloud.recorder.named('passive').find(s => JSON.stringify(s.links) === JSON.stringify([link])));
    expect(service).toMatchObject({ origin: 'AWS::Lambda', http: { response: { status: 200 } } });
    expect(service.trace_id).not.toBe(traceId);
    expect(service.parent_id).toBeUndefined();
    await traceWith(service.trace_id, 1);
  });

  it('EventBridge: the same trace for a function, a link for a queue', async () => {
    const traceId = newTraceId();
    const response = await fetch(cloud.cloud.endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': 'AWSEvents.PutEvents',
        'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0',
        'X-Amzn-Trace-Id': `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`,
      },
      body: JSON.stringify({ Entries: [{ Source: 'test', DetailType: 'test', Detail: '{}' }] }),
    });
    expect(await response.json()).toMatchObject({ FailedEntryCount: 0 });
    const trace = await traceWith(traceId, 1);
    expect(byOrigin(trace, 'AWS::Lambda')[0]).toMatchObject({ name: 'js', parent_id: '53995c3f42cd8ad8', http: { response: { status: 202 } } });
    await cloud.recorder.until('a segment linked to the event', () => cloud.recorder.named('passive').find(s => JSON.stringify(s.links ?? []).includes(traceId)));
  });

  it('API Gateway: a segment of the stage, whose call of the function is the parent of Lambda\'s', async () => {
    const traceId = newTraceId();
    const response = await fetch(`${cloud.cloud.endpoint}/restapis/${outputs.ApiId}/prod/_user_request_/`, {
      headers: { 'X-Amzn-Trace-Id': `Root=${traceId};Sampled=1`, 'User-Agent': 'test' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-amzn-trace-id')).toContain(`Root=${traceId};`);
    await traceWith(traceId, 1);
    const stage = await cloud.recorder.until('the stage', () => byOrigin(cloud.recorder.trace(traceId), 'AWS::ApiGateway::Stage')[0]);
    expect(stage).toMatchObject({
      name: 'api/prod',
      http: { request: { method: 'GET', url: `https://${outputs.ApiId}.execute-api.us-east-1.amazonaws.com/prod/`, user_agent: 'test' }, response: { status: 200 } },
      aws: { api_gateway: { account_id: '000000000000', rest_api_id: outputs.ApiId, stage: 'prod' } },
      annotations: { 'aws:api_id': outputs.ApiId, 'aws:api_stage': 'prod' },
      resource_arn: `arn:aws:apigateway:us-east-1::/restapis/${outputs.ApiId}/stages/prod`,
    });
    const [call] = stage.subsegments!;
    expect(call).toMatchObject({ name: 'Lambda', namespace: 'aws', aws: { operation: 'Invoke', function_name: 'js' } });
    expect(byOrigin(cloud.recorder.trace(traceId), 'AWS::Lambda')[0].parent_id).toBe(call.id);
  });

  it('CloudFormation knows the types of X-Ray', () => {
    expect(outputs).toMatchObject({
      GroupArn: expect.stringMatching(/^arn:aws:xray:us-east-1:000000000000:group\/faulty/),
      RuleArn: expect.stringMatching(/^arn:aws:xray:us-east-1:000000000000:sampling-rule\/all/),
      PolicyName: 'sns',
    });
  });
});

describe('a custom resource', () => {
  const template = (code: string) => ({
    Resources: {
      Fn: {
        Type: 'AWS::Lambda::Function',
        Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile: code }, Role: 'arn:aws:iam::000000000000:role/test' },
      },
      Custom: { Type: 'Custom::It', Properties: { ServiceToken: { 'Fn::GetAtt': ['Fn', 'Arn'] } } },
    },
  });

  it('fails at once when its function does, with the reason', async () => {
    await expect(cloud.createStack('custom', template('exports.handler = async () => { throw new RangeError("too far"); };')))
      .rejects.toThrow(/the function .*custom.* failed without an answer: RangeError: too far/i);
  });

  it('finds the packages of the runtime that CDK\'s provider framework needs', async () => {
    await expect(cloud.createStack('provider', template('require("@aws-sdk/client-sfn"); exports.handler = async () => { throw new Error("loaded"); };')))
      .rejects.toThrow(/failed without an answer: Error: loaded/);
  });
});

it('sends nothing but well-formed datagrams', () => {
  expect(cloud.recorder.malformed).toEqual([]);
});
