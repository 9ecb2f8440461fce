import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Xray } from '../../../src/xray';
import { randomTraceId, sampleTrace } from '../sample-trace';
import { startWithClient, stopAll } from '../xray-client';

// The AWS command line and SAM's, with nothing but the endpoint set. Both come from PyPI (awscli, aws-sam-cli) and are not installed for this.

const now = Math.floor(Date.now() / 1000) - 30;
const trace = randomTraceId(now);
let xray: Xray;

beforeAll(async () => {
  ({ xray } = await startWithClient());
  const documents = sampleTrace({ trace, start: now }).map((document) => JSON.stringify(document));
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: documents }) });
});

afterAll(stopAll);

/** Asked for its version: a shim that leads nowhere is on the PATH too. */
function isInstalled(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
}

function testWith(tool: string, name: string, run: () => Promise<void>): void {
  if (isInstalled(tool)) test(`${tool}: ${name}`, run);
  else test.skip(`${tool}: ${name} (${tool} was not found on the PATH)`, run);
}

async function output(tool: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(tool, args, {
    env: {
      ...process.env, AWS_ENDPOINT_URL_XRAY: xray.url, AWS_DEFAULT_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_PAGER: '',
      AWS_EC2_METADATA_DISABLED: 'true', SAM_CLI_TELEMETRY: '0',
    },
  });
  return stdout;
}

const range = ['--start-time', String(now - 60), '--end-time', String(now + 60)];

testWith('aws', 'get-trace-summaries lists the trace', async () => {
  const summaries = JSON.parse(await output('aws', 'xray', 'get-trace-summaries', ...range, '--filter-expression', 'service("xraystarter-ts")', '--output', 'json'));
  expect(summaries.TraceSummaries).toMatchObject([{ Id: trace, Duration: 0.2, ResponseTime: 0.01 }]);
});

testWith('aws', 'get-service-graph prints the map', async () => {
  const graph = JSON.parse(await output('aws', 'xray', 'get-service-graph', ...range, '--output', 'json'));
  expect(graph.Services.map(({ Type }: { Type: string }) => Type)).toEqual(['client', 'AWS::SNS', 'AWS::Lambda', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table']);
});

testWith('aws', 'batch-get-traces prints the segments', async () => {
  const { Traces: [found] } = JSON.parse(await output('aws', 'xray', 'batch-get-traces', '--trace-ids', trace, '--output', 'json'));
  expect(found.Segments).toHaveLength(4);
});

testWith('aws', 'an error is told', async () => {
  await expect(output('aws', 'xray', 'get-trace-summaries', ...range, '--filter-expression', 'oops')).rejects
    .toThrow(/InvalidRequestException\) when calling the GetTraceSummaries operation: the filter expression is wrong at position 1/);
});

testWith('sam', 'traces prints the map and the trace', async () => {
  const text = await output('sam', 'traces', '--start-time', '10 minutes ago');
  expect(text).toContain('AWS::DynamoDB::Table - items');
  expect(text).toContain(`with id (${trace}) and duration (0.200s)`);
  expect(text).toMatch(/xraystarter-ts \[HTTP: 202\]\n +- 0\.095s - Dwell Time/);
});
