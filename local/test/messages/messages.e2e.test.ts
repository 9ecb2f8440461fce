import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { inTrace, newTraceId } from '../../src/samples/traced-calls';
import type { Trace, TraceEntry } from '../../src/xray';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from '../samples/deployed-stack';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

const LANGUAGES = ['node', 'python'];
let stack: DeployedStack;

beforeAll(async () => {
  stack = await DeployedStack.deploy('messages', { app: 'node --import tsx local/test/messages/messages-app.ts' });
}, DEPLOY_TIMEOUT_MS);
afterAll(async () => stack?.close());

const segments = (trace: Trace, origin: string, wanted?: string) => trace.segments
  .filter(({ inferred, name, origin: of }) => of === origin && !inferred && (!wanted || name === wanted));
const within = (entry: TraceEntry): TraceEntry[] => [entry, ...entry.subsegments.flatMap(within)];
const bodies = (trace: Trace) => trace.segments.flatMap(within).map(({ annotations }) => annotations.body ?? annotations.redriven)
  .filter(Boolean).sort();

/** A batch as it is: one call, one delivery. */
async function send(queue: string, messages: { body: string; traceId: string; group?: string }[]): Promise<void> {
  await stack.client(SQSClient).send(new SendMessageBatchCommand({
    QueueUrl: stack.outputs[queue],
    Entries: messages.map(({ body, traceId, group }, i) => ({
      Id: String(i), MessageBody: body, MessageGroupId: group,
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1` } },
    })),
  }));
}

/** The segment of the function that handled a body, and of the queue in front of it. */
function handled(trace: Trace, body: string): { fn: TraceEntry; queue: TraceEntry } {
  const fn = segments(trace, 'AWS::Lambda::Function').find(segment => within(segment).some(({ annotations }) => annotations.body === body))!;
  return { fn, queue: trace.segments.find(({ id }) => id === fn.parentId)! };
}

/** A trace whose first parent is the test's, which sends nothing. */
async function traceWith(traceId: string, ...wanted: string[]): Promise<Trace> {
  return stack.reader.waitForTrace({ id: traceId }, {
    until: trace => JSON.stringify(bodies(trace)) === JSON.stringify(wanted.sort()), what: `have handled ${wanted.join(', ')}`, timeoutMs: 60_000,
  });
}

describe.each(LANGUAGES)('in %s', language => {
  it('S3 -> SNS -> SQS -> Lambda -> EventBridge -> Step Functions -> Lambda is one trace', async () => {
    const traceId = newTraceId();
    await stack.client(S3Client).send(inTrace(traceId, new PutObjectCommand({ Bucket: stack.outputs[`bucket${language}`], Key: 'a.txt', Body: 'a' })));
    // Two queues, one of which gets the messages without the envelope of SNS.
    const trace = await stack.reader.waitForTrace({ id: traceId }, {
      until: found => !found.isPartial && segments(found, 'AWS::Lambda::Function', `worker-${language}`).length === 2, what: 'reach both workers', timeoutMs: 60_000,
    });
    for (const queue of ['wrapped', 'raw']) {
      expect(trace).toPassThrough('AWS::SNS', `${queue}-${language} AWS::SQS::Queue`, `chain-${language} AWS::Lambda::Function`,
        `worker-${language} AWS::Lambda`, `worker-${language} AWS::Lambda::Function`);
    }
    expect(trace).toBeConnected();
    expect(trace).toHaveSubsegment({ operation: 'PutEvents', in: `chain-${language}` });
    for (const queue of segments(trace, 'AWS::SQS::Queue')) {
      const [fn] = trace.segments.filter(({ parentId }) => parentId === queue.id);
      expect(queue.endMs! - queue.startMs).toBeGreaterThanOrEqual(0);
      expect(queue.endMs!).toBeLessThanOrEqual(fn.startMs + 1);
      // Lambda's own trace is another one, which links to this, and this to it.
      const [{ traceId: own }] = fn.links;
      expect(own).not.toBe(traceId);
      const lambdas = await stack.reader.waitForTrace({ id: own }, { until: found => segments(found, 'AWS::Lambda').length > 0 });
      expect(segments(lambdas, 'AWS::Lambda')[0].links).toEqual([expect.objectContaining({ traceId })]);
    }
  });

  it('ten messages of three senders in one batch land in three traces', async () => {
    const senders = [newTraceId(), newTraceId(), newTraceId()];
    await send(`mixed${language}`, Array.from({ length: 10 }, (_, i) => ({ body: `m${i}`, traceId: senders[i % 3] })));
    for (const [n, sender] of senders.entries()) {
      const wanted = Array.from({ length: 10 }, (_, i) => i).filter(i => i % 3 === n).map(i => `m${i}`);
      const trace = await traceWith(sender, ...wanted);
      for (const body of wanted) {
        const { fn, queue } = handled(trace, body);
        expect(fn.name).toBe(`records-${language}`);
        expect(queue).toMatchObject({ name: `mixed-${language}`, origin: 'AWS::SQS::Queue', parentId: '53995c3f42cd8ad8' });
      }
    }
  });

  it('a message that fails comes again alone, and is redriven, in the trace of its sender', async () => {
    const [good, bad] = [newTraceId(), newTraceId()];
    await send(`mixed${language}`, [{ body: 'good', traceId: good }, { body: 'bad', traceId: bad }]);
    await traceWith(good, 'good');
    const trace = await traceWith(bad, 'bad', 'bad', 'bad');
    const attempts = segments(trace, 'AWS::Lambda::Function', `records-${language}`);
    expect(attempts.map(({ fault, exceptions }) => [fault, exceptions[0]?.message])).toEqual([[true, 'bad is refused'], [true, 'bad is refused']]);
    expect(segments(trace, 'AWS::SQS::Queue', `mixed-${language}`).map(({ aws }) => aws.receive_count).sort()).toEqual([1, 2]);
    const [redriven] = segments(trace, 'AWS::Lambda::Function', `redriven-${language}`);
    expect(redriven).toMatchObject({ fault: false, annotations: { redriven: 'bad' } });
    expect(trace.segments.find(({ id }) => id === redriven.parentId)).toMatchObject({ name: `dead-mixed-${language}` });
  });

  it('a FIFO queue keeps the order behind a message that fails', async () => {
    const [first, bad, last] = [newTraceId(), newTraceId(), newTraceId()];
    await send(`fifo${language}`, [{ body: 'first', traceId: first, group: 'g' }, { body: 'once', traceId: bad, group: 'g' }, { body: 'last', traceId: last, group: 'g' }]);
    await traceWith(first, 'first');
    const failed = await traceWith(bad, 'once', 'once');
    const { fn } = handled(await traceWith(last, 'last'), 'last');
    const attempts = segments(failed, 'AWS::Lambda::Function');
    expect(attempts.map(({ fault }) => fault)).toEqual([true, false]);
    for (const attempt of attempts) expect(attempt.endMs!).toBeLessThanOrEqual(fn.startMs + 1);
  });
});
