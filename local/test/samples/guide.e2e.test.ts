import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DEPLOY_TIMEOUT_MS, DeployedStack, type FailedEvent, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint } from './failing-endpoint';
import { GuideSample } from '../../src/samples/guide';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

describe('the sample guide, deployed', () => {
  let stack: DeployedStack;
  let endpoint: FailingEndpoint;
  let s3: S3Client;
  let bucket: string;

  beforeAll(async () => {
    stack = await DeployedStack.deploy('guide');
    s3 = stack.client(S3Client);
    bucket = stack.outputs.BucketName;
    endpoint = await FailingEndpoint.start(stack.endpoint);
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await endpoint?.close();
    await stack?.close();
  });

  it('has all that its traffic should leave behind', async () => {
    await stack.play(new GuideSample());
    await stack.expectNothingFailed();
  });

  it.each([[false], [true]])('shows the calls and the annotations of guide-python; asynchronous: %s', async asynchronous => {
    const { traceId } = await stack.call('guide-python', { bucket_key: 'k', body: 'b' }, { asynchronous });
    const trace = await stack.traceOf(traceId, 'guide-python', [false]);
    const fn = 'guide-python AWS::Lambda::Function';
    expect(trace).toBeConnected();
    expect(trace).toHaveNoError();
    expect(trace).toPassThrough('guide-python AWS::Lambda', fn, `${bucket} AWS::S3::Bucket`);
    expect(trace).toHaveSubsegment({ name: 'put_object', annotations: { put_response: 200 }, in: fn });
    expect(trace).toHaveSubsegment({ name: 'get_object', annotations: { get_response: 200 }, in: fn });
    for (const operation of ['PutObject', 'GetObject']) expect(trace).toHaveSubsegment({ operation, resource: bucket, in: fn });
  });

  describe.each(['guide-node', 'guide-python'])('%s', name => {
    const key = `${name}.txt`;
    const event = { bucket_key: key, body: `by ${name}` };

    async function bodyInBucket(): Promise<string> {
      return stack.eventually(`the object ${key}`, async () => {
        const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return body!.transformToString();
      });
    }

    afterEach(() => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));

    it('shows the structure of a synchronous call, without time in a queue', async () => {
      const { traceId, answer } = await stack.call(name, event, { asynchronous: false });
      expect(answer).toMatchObject({ bucket_name: bucket, bucket_key: key, put_response: 200 });
      const trace = await stack.traceOf(traceId, name, [false]);
      expect(trace).toPassThrough(`${name} AWS::Lambda`, `${name} AWS::Lambda::Function`);
      expect(trace).toHaveSubsegment({ operation: 'PutObject', resource: bucket, in: `${name} AWS::Lambda::Function` });
      expect(trace).not.toHaveSubsegment({ name: 'Dwell Time' });
      expect(trace).not.toHaveSubsegment({ name: 'Attempt #1' });
    });

    it('shows the structure of an asynchronous call, with its time in the queue and its attempts', async () => {
      const { traceId } = await stack.call(name, event);
      const trace = await stack.traceOf(traceId, name, [false]);
      expect(trace).toPassThrough(`${name} AWS::Lambda`, `${name} AWS::Lambda::Function`);
      expect(trace).toHaveSubsegment({ name: 'Dwell Time', in: `${name} AWS::Lambda` });
      expect(trace).toHaveSubsegment({ name: 'Attempt #1', in: `${name} AWS::Lambda` });
    });

    it('writes one object for an event that is delivered twice', async () => {
      const calls = [await stack.call(name, event), await stack.call(name, event)];
      for (const { traceId } of calls) await stack.traceOf(traceId, name, [false]);

      expect(await bodyInBucket()).toBe(event.body);
      const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key }));
      expect(objects).toHaveLength(1);
      await stack.expectNothingFailed();
    });

    it('keeps a malformed event in the dead-letter queue after three attempts', async () => {
      const { traceId } = await stack.call(name, { bucket_key: key });

      expect(await stack.nextFailedEvent()).toMatchObject({
        requestPayload: { bucket_key: key },
        requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
        responsePayload: { errorMessage: "'body' has to be text" },
      });
      await stack.traceOf(traceId, name, [true, true, true]);
    });

    it('writes the object although the bucket fails once', async () => {
      await stack.setEnvironment(name, { AWS_ENDPOINT_URL_S3: endpoint.url });
      endpoint.failNext(1);
      const { traceId } = await stack.call(name, event);

      expect(await bodyInBucket()).toBe(event.body);
      expect(endpoint.remainingFailures).toBe(0);
      // The SDK's own second try is within the one attempt of the function.
      await stack.traceOf(traceId, name, [false]);
      await stack.expectNothingFailed();
    });

    it('writes the object at the next attempt when the bucket fails for longer than the SDK tries', async () => {
      await stack.setEnvironment(name, { AWS_ENDPOINT_URL_S3: endpoint.url });
      endpoint.failNext(3); // as often as the SDK tries
      const { traceId } = await stack.call(name, event);

      expect(await bodyInBucket()).toBe(event.body);
      const trace = await stack.traceOf(traceId, name, [true, false]);
      expect(trace).toHaveSubsegment({ operation: 'PutObject', status: 503, fault: true });
      expect(trace).toHaveSubsegment({ operation: 'PutObject', status: 200, fault: false });
      await stack.expectNothingFailed();
    });

    it('keeps the event when the bucket is gone, so that it can be sent again', async () => {
      let failed: FailedEvent;
      await stack.withoutBucket(bucket, async () => {
        await stack.call(name, event);
        failed = await stack.nextFailedEvent();
      });
      expect(failed!).toMatchObject({ requestPayload: event, responsePayload: { errorMessage: expect.stringMatching(/bucket does not exist/) } });

      await stack.call(name, failed!.requestPayload);
      expect(await bodyInBucket()).toBe(event.body);
    });
  });
});
