import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DEPLOY_TIMEOUT_MS, DeployedStack, type FailedEvent, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint } from './failing-endpoint';
import { GuideSample } from '../../src/samples/guide';
import { inTrace, newTraceId } from '../../src/samples/traced-calls';

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

  it('shows the guide\'s two structures of a trace, its subsegments and its annotations', async () => {
    await stack.play(new GuideSample());
    await stack.expectNothingFailed();
  });

  describe.each(['guide-node', 'guide-python'])('%s', name => {
    const key = `${name}.txt`;
    const event = { bucket_key: key, body: `by ${name}` };

    async function call(payload: unknown): Promise<string> {
      const traceId = newTraceId();
      await stack.client(LambdaClient).send(inTrace(traceId, new InvokeCommand({
        FunctionName: name, InvocationType: 'Event', Payload: JSON.stringify(payload),
      })));
      return traceId;
    }

    async function bodyInBucket(): Promise<string> {
      return stack.eventually(`the object ${key}`, async () => {
        const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return body!.transformToString();
      });
    }

    afterEach(() => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));

    it('writes one object for an event that is delivered twice', async () => {
      const traces = [await call(event), await call(event)];
      for (const id of traces) await stack.functionSegments(id, name, [false]);

      expect(await bodyInBucket()).toBe(event.body);
      const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key }));
      expect(objects).toHaveLength(1);
      await stack.expectNothingFailed();
    });

    it('keeps a malformed event in the dead-letter queue after three attempts', async () => {
      const traceId = await call({ bucket_key: key });

      expect(await stack.nextFailedEvent()).toMatchObject({
        requestPayload: { bucket_key: key },
        requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
        responsePayload: { errorMessage: "'body' has to be text" },
      });
      await stack.functionSegments(traceId, name, [true, true, true]);
    });

    it('writes the object although the bucket fails once', async () => {
      await stack.setEnvironment(name, { AWS_ENDPOINT_URL_S3: endpoint.url });
      endpoint.failNext(1);
      const traceId = await call(event);

      expect(await bodyInBucket()).toBe(event.body);
      expect(endpoint.remainingFailures).toBe(0);
      // The SDK's own second try is within the one attempt of the function.
      await stack.functionSegments(traceId, name, [false]);
      await stack.expectNothingFailed();
    });

    it('writes the object at the next attempt when the bucket fails for longer than the SDK tries', async () => {
      await stack.setEnvironment(name, { AWS_ENDPOINT_URL_S3: endpoint.url });
      endpoint.failNext(3); // as often as the SDK tries
      const traceId = await call(event);

      expect(await bodyInBucket()).toBe(event.body);
      await stack.functionSegments(traceId, name, [true, false]);
      await stack.expectNothingFailed();
    });

    it('keeps the event when the bucket is gone, so that it can be sent again', async () => {
      let failed: FailedEvent;
      await stack.withoutBucket(bucket, async () => {
        await call(event);
        failed = await stack.nextFailedEvent();
      });
      expect(failed!).toMatchObject({ requestPayload: event, responsePayload: { errorMessage: expect.stringMatching(/bucket does not exist/) } });

      await call(failed!.requestPayload);
      expect(await bodyInBucket()).toBe(event.body);
    });
  });
});
