// Several requests at once in one environment, by the mode of AWS's own runtime interface client for it.
import * as path from 'path';
import { LambdaRuntime } from './lambda-environment';
import { Instrumentation } from '../../../lib';
import { FakeServices } from '../../instrumentation/fake-services';
import { decodeSpans } from '../../instrumentation/otlp-spans';
import { bundle } from '../../packages';
import { TraceSink } from '../../trace-sink';

const REQUESTS = 12;
const traceId = (i: number) => `5759e988${String(i).padStart(24, '0')}`;
const parentId = (i: number) => `53995c3f42cd${String(i).padStart(4, '0')}`;

let runtime: LambdaRuntime;
let daemon: TraceSink;
let services: FakeServices;

beforeAll(async () => {
  runtime = new LambdaRuntime();
  daemon = await TraceSink.start();
  services = await FakeServices.start();
});
afterAll(async () => {
  runtime?.stop();
  await daemon?.stop();
  await services?.stop();
});

test('OpenTelemetry keeps the traces of requests that run at the same time apart', async () => {
  const { Function: folder } = bundle({ Function: { entry: path.join(__dirname, 'programs', 'at-once.js'), instrumentation: Instrumentation.openTelemetry() } });
  const { outcomes, output } = await runtime.run(folder, 'index.handler', {
    AWS_LAMBDA_MAX_CONCURRENCY: '4', AWS_LAMBDA_NODEJS_WORKER_COUNT: '1', AWS_XRAY_DAEMON_ADDRESS: daemon.address, AWS_ENDPOINT_URL: services.url, AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b',
  }, Array.from({ length: REQUESTS }, (_, i) => ({
    event: { table: `table${i}` }, traceHeader: `Root=1-${traceId(i).slice(0, 8)}-${traceId(i).slice(8)};Parent=${parentId(i)};Sampled=1`,
  })));
  expect(output).toBe('');
  expect(outcomes.map(({ error }) => error)).toEqual(Array(REQUESTS).fill(undefined));
  expect(Math.max(...outcomes.map(({ response }) => Number(response)))).toBeGreaterThan(1);
  const spans = decodeSpans(await daemon.takeDatagrams());
  expect(spans).toHaveLength(2 * REQUESTS);
  for (let i = 0; i < REQUESTS; i += 1) {
    const own = spans.filter(span => span.traceId === traceId(i));
    expect(own.map(span => [span.parentSpanId, span.attributes['aws.dynamodb.table_names']?.[0] ?? span.name])).toEqual([
      [parentId(i), `table${i}`], [parentId(i), 'GET'],
    ]);
  }
});
