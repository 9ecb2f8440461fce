import { gzipSync } from 'node:zlib';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DEPLOY_TIMEOUT_MS, DeployedStack, type FailedEvent, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint, GONE } from './failing-endpoint';
import { type ErrorRecord, ErrorProcessorSample, readRecord } from '../../src/samples/error-processor';

jest.setTimeout(SCENARIO_TIMEOUT_MS);
const FAILING = 'random-error';
const PROCESSOR = 'error-processor';

describe('the sample error-processor, deployed', () => {
  let stack: DeployedStack;
  let s3: S3Client;
  let bucket: string;
  let logGroup: string;

  beforeAll(async () => {
    stack = await DeployedStack.deploy('error-processor');
    s3 = stack.client(S3Client);
    bucket = stack.outputs.BucketName;
    const { LoggingConfig: logging } = await stack.client(LambdaClient).send(new GetFunctionConfigurationCommand({ FunctionName: FAILING }));
    logGroup = logging!.LogGroup!;
  }, DEPLOY_TIMEOUT_MS);
  afterAll(() => stack?.close());

  async function record(requestId: string): Promise<ErrorRecord> {
    return stack.eventually(`the record of ${requestId}`, async () => {
      const found = await readRecord(s3, bucket, requestId);
      if (!found) throw new Error('it is not in the bucket');
      return found;
    });
  }

  /** The event with which CloudWatch Logs brought the error of a request. */
  function batchOf({ logEvents }: ErrorRecord): { awslogs: { data: string } } {
    const [{ logStream, timestamp, message }] = logEvents.filter(event => event.message.includes('\tERROR\t'));
    return encoded({ messageType: 'DATA_MESSAGE', logGroup, logStream, logEvents: [{ id: '1', timestamp, message }] });
  }

  function encoded(data: object): { awslogs: { data: string } } {
    return { awslogs: { data: gzipSync(JSON.stringify(data)).toString('base64') } };
  }

  it('has all that its traffic should leave behind', async () => {
    await stack.play(new ErrorProcessorSample());
    expect(await stack.nextFailedEvent()).toMatchObject({ requestPayload: { fail: true } }); // the asynchronous call that failed for good
    await stack.expectNothingFailed();
  });

  it('keeps the log and the trace of a failed request, and shows how it got them', async () => {
    const { traceId, requestId, answer } = await stack.call(FAILING, { fail: true }, { asynchronous: false });
    expect(answer).toMatchObject({ errorType: 'RandomError' });
    const kept = await record(requestId);
    expect(kept).toMatchObject({ requestId, trace: { id: traceId }, isTraceComplete: true });
    expect(kept.logEvents.map(({ message }) => /^(START|END|REPORT)|\tERROR\t/.exec(message)?.[0])).toEqual(['START', '\tERROR\t', 'END', 'REPORT']);

    const own = await stack.reader.waitForTrace({ filter: `service("${PROCESSOR}") { ok }` });
    const fn = `${PROCESSOR} AWS::Lambda::Function`;
    expect(own).toBeConnected();
    expect(own).toHaveNoError();
    expect(own).toPassThrough(`${PROCESSOR} AWS::Lambda`, fn, `${bucket} AWS::S3::Bucket`);
    for (const operation of ['FilterLogEvents', 'BatchGetTraces', 'PutObject']) expect(own).toHaveSubsegment({ operation, in: fn });
    expect(own).toHaveSubsegment({ operation: 'PutObject', resource: bucket });
  });

  it('keeps nothing of a request that succeeds', async () => {
    const { requestId } = await stack.call(FAILING, { fail: false }, { asynchronous: false });
    // The processor works in order, so what comes after it tells that it is through.
    await record((await stack.call(FAILING, { fail: true }, { asynchronous: false })).requestId);
    expect(await readRecord(s3, bucket, requestId)).toBeUndefined();
  });

  it('keeps the errors of malformed events too, and the events', async () => {
    const { requestId } = await stack.call(FAILING, { fail: 'malformed' });
    expect(await stack.nextFailedEvent()).toMatchObject({
      requestPayload: { fail: 'malformed' }, responsePayload: { errorMessage: "'fail' has to be true or false" },
    });
    expect(await record(requestId)).toMatchObject({ requestId });
  });

  describe('the processor', () => {
    const fail = () => stack.call(FAILING, { fail: true }, { asynchronous: false });

    async function bytesOf(requestId: string): Promise<string> {
      const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `errors/${requestId}.json` }));
      return body!.transformToString();
    }

    it('writes the same bytes for a batch that is delivered twice', async () => {
      const { requestId } = await fail();
      const event = batchOf(await record(requestId));
      const before = await bytesOf(requestId);
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: `errors/${requestId}.json` }));
      for (const time of ['once', 'twice']) {
        expect(await stack.call(PROCESSOR, event, { asynchronous: false })).toMatchObject({ answer: null });
        expect([time, await bytesOf(requestId)]).toEqual([time, before]);
      }
    });

    it('ignores the message with which CloudWatch Logs tries the subscription', async () => {
      const event = encoded({ messageType: 'CONTROL_MESSAGE', logGroup, logEvents: [{ id: '', timestamp: 0, message: 'checking health' }] });
      expect((await stack.call(PROCESSOR, event, { asynchronous: false })).answer).toBeNull();
    });

    it('keeps a malformed event in the dead-letter queue after three attempts', async () => {
      const event = { awslogs: { data: 'no gzip' } };
      const { traceId } = await stack.call(PROCESSOR, event);
      expect(await stack.nextFailedEvent()).toMatchObject({
        requestPayload: event, responsePayload: { errorMessage: expect.stringMatching(/^the event is no batch of CloudWatch Logs/) },
      });
      await stack.traceOf(traceId, PROCESSOR, [true, true, true]);
    });

    it.each([['X-Ray', 'XRAY'], ['CloudWatch Logs', 'CLOUDWATCH_LOGS'], ['the bucket', 'S3']])('keeps the request although %s fails once', async (_, service) => {
      const endpoint = await FailingEndpoint.start(service === 'XRAY' ? stack.xray.url : stack.endpoint);
      try {
        await stack.setEnvironment(PROCESSOR, { [`AWS_ENDPOINT_URL_${service}`]: endpoint.url });
        endpoint.failNext(1);
        await record((await fail()).requestId);
        expect(endpoint.remainingFailures).toBe(0);
        await stack.expectNothingFailed();
      } finally {
        await stack.setEnvironment(PROCESSOR, { [`AWS_ENDPOINT_URL_${service}`]: service === 'XRAY' ? stack.xray.url : stack.endpoint });
        await endpoint.close();
      }
    });

    it('keeps the batch when X-Ray is gone, so that it can be sent again', async () => {
      await stack.setEnvironment(PROCESSOR, { AWS_ENDPOINT_URL_XRAY: GONE });
      const { requestId, traceId } = await fail();
      const failed = await stack.nextFailedEvent();
      expect(failed).toMatchObject({ responsePayload: { errorMessage: expect.stringContaining(`request ${requestId}: cannot get its trace ${traceId}`) } });

      await stack.setEnvironment(PROCESSOR, { AWS_ENDPOINT_URL_XRAY: stack.xray.url });
      await stack.call(PROCESSOR, failed.requestPayload);
      expect(await record(requestId)).toMatchObject({ trace: { id: traceId } });
    });

    it('keeps the batch when the bucket is gone, so that it can be sent again', async () => {
      let requestId: string;
      let failed: FailedEvent;
      await stack.withoutBucket(bucket, async () => {
        ({ requestId } = await fail());
        failed = await stack.nextFailedEvent();
      });
      expect(failed!).toMatchObject({ responsePayload: { errorMessage: expect.stringContaining('NoSuchBucket') } });

      await stack.call(PROCESSOR, failed!.requestPayload);
      expect(await record(requestId!)).toMatchObject({ isTraceComplete: true });
    });
  });
});
