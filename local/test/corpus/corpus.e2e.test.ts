import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { corpus } from '../../corpus';
import type { CorpusCloud } from '../../corpus/corpus-app';
import { passesThrough, TraceReader } from '../../src/assertions';
import { startLocalCloud, type LocalCloud } from '../../src/cloud/local-cloud';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { CdkApp, type StackOutputs } from '../../src/deploy';
import { LOCAL_DIR } from '../../src/project-folders';
import { pause } from '../../src/run-command';
import { startXray, type Xray } from '../../src/xray';

jest.setTimeout(900_000);

const PATIENCE_MS = 60_000;
const APP_DIR = join(LOCAL_DIR, 'corpus');

/** `npm test -- corpus` tries all; otherwise a third, another one each day of the year. CDK_TRACED_CORPUS names some. */
function chosen(): string[] {
  const ids = Object.keys(corpus);
  const { CDK_TRACED_CORPUS: names } = process.env;
  if (names === 'all') return ids;
  if (names) return names.split(',');
  const turn = Math.floor(Date.now() / 86_400_000) % 3;
  return ids.filter((_id, index) => index % 3 === turn);
}

const ids = chosen();
let scratch: string;
let xray: Xray;
let cloud: LocalCloud;
let reader: TraceReader;
let stacks: StackOutputs;
const warnings: string[] = [];
const progress: string[] = [];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  xray = await startXray({ udpPort: 0, httpPort: 0 });
  cloud = await startLocalCloud({
    python: await ensurePythonEnvironment({ log: () => undefined }), port: 0, xrayPort: xray.udpPort, xrayUrl: xray.url,
    appDir: APP_DIR, traceAll: true,
    log: line => warnings.push(line), environment: { CDK_TRACED_RETRY_SECONDS: '0.05' },
  });
  const cdk = new CdkApp({ appDir: APP_DIR, context: { apps: ids.join(',') }, endpoint: cloud.endpoint, scratch, log: line => progress.push(line) });
  await cdk.prepare([]);
  reader = new TraceReader(xray.url);
  stacks = await cdk.deploy([]);
});
afterAll(async () => {
  await cloud?.close();
  await xray?.close();
  rmSync(scratch, { recursive: true, force: true });
});

function cloudOf(id: string): CorpusCloud {
  const signed = (service: string) => new AwsClient({ accessKeyId: '000000000000', secretAccessKey: 'test', service, region: 'us-east-1', retries: 0 });
  const answered = async (response: Response) => {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.url} was answered with ${response.status}: ${text}`);
    return text;
  };
  const services: Record<string, string> = {
    AmazonSQS: 'sqs', AmazonSSM: 'ssm', AWSCognitoIdentityProviderService: 'cognito-idp', AWSEvents: 'events', AWSStepFunctions: 'states', DynamoDB_20120810: 'dynamodb', Kinesis_20131202: 'kinesis',
  };
  return {
    id,
    outputs: Object.assign({}, ...Object.entries(stacks).filter(([name]) => name === id || name.startsWith(`${id}-`)).map(([, values]) => values)) as Record<string, string>,
    json: async (target, body) => JSON.parse(await answered(await signed(services[target.split('.')[0]]).fetch(cloud.endpoint, {
      method: 'POST', headers: { 'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.0' }, body: JSON.stringify(body),
    })) || '{}'),
    request: async (service, method, path, body) => {
      const isEvent = path.endsWith('?event');
      return answered(await signed(service).fetch(cloud.endpoint + path.replace('?event', ''), {
        method, body, headers: isEvent ? { 'X-Amz-Invocation-Type': 'Event' } : service === 'sns' ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {},
      }));
    },
    fetch: async (url, init) => {
      // Only the first request of a second is sampled by itself.
      const header = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')};Sampled=1`;
      const response = await fetch(url, { ...init, headers: { ...init?.headers, 'X-Amzn-Trace-Id': header } });
      return { status: response.status, body: await response.text() };
    },
    eventually: async look => {
      for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(100)) {
        const found = await look();
        if (found !== undefined) return found;
      }
      throw new Error(`it did not come about; warnings of the cloud:\n${warnings.join('\n')}`);
    },
  };
}

test.each(ids)('%s is deployed, works and is traced', async id => {
  await corpus[id].use(cloudOf(id));
  for (const path of corpus[id].traces(id)) {
    const [name, type] = path.at(-1)!.split(' ');
    await reader.waitForTrace({ filter: `service(id(name: "${name}", type: "${type}"))` }, {
      timeoutMs: PATIENCE_MS, until: trace => passesThrough(trace, path).pass, what: `pass ${path.join(' -> ')}`,
    }).catch((error: Error) => { throw new Error(`${error.message}\nwarnings of the cloud:\n${warnings.join('\n')}`); });
  }
});
