import { join } from 'node:path';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { PROJECT_DIR } from '../../src/project-folders';
import { type CommandResult, runCommand } from '../../src/run-command';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

/** `npm run traffic -- ...` */
function traffic(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const { AWS_ENDPOINT_URL: _endpoint, CDK_TRACED_CLOUD_PORT: _port, ...environment } = process.env;
  return runCommand(process.execPath, [join(PROJECT_DIR, 'scripts', 'traffic.mjs'), ...args], { timeoutMs: 60_000, env: { ...environment, ...env } });
}

describe('npm run traffic, with a stack', () => {
  let stack: DeployedStack;
  beforeAll(async () => { stack = await DeployedStack.deploy('blank-python'); }, DEPLOY_TIMEOUT_MS);
  afterAll(() => stack?.close());

  it.each<[string, () => [string[], NodeJS.ProcessEnv]]>([
    ['the option', () => [['--endpoint', stack.endpoint], {}]],
    ['its port', () => [['--cloud-port', new URL(stack.endpoint).port], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }]],
    ['the AWS SDK\'s variable', () => [[], { AWS_ENDPOINT_URL: stack.endpoint }]],
    ['the launcher\'s variable', () => [[], { CDK_TRACED_CLOUD_PORT: new URL(stack.endpoint).port }]],
  ])('sends it to the place that %s names, and says which traces it makes', async (_, where) => {
    const [args, env] = where();
    const { status, output } = await traffic(['blank-python', ...args], env);
    expect({ status, output }).toMatchObject({ status: 0 });
    const ids = [...output.matchAll(/as trace (1-[0-9a-f-]+)/g)].map(([, id]) => id);
    expect(ids).toHaveLength(3);
    for (const id of ids) await stack.traceOf(id, 'blank-python', [false]);
  });

  it('sends it as often as it is told to', async () => {
    const { output } = await traffic(['blank-python', '--endpoint', stack.endpoint, '--rounds', '2']);
    expect([...output.matchAll(/as trace/g)]).toHaveLength(6);
  });

  it('says how to deploy a stack that is not there', async () => {
    expect(await traffic(['guide', '--endpoint', stack.endpoint])).toMatchObject({
      status: 1, output: `there is no stack 'guide' at ${stack.endpoint}: deploy it with 'npm start -- guide'.`,
    });
  });
});

describe('npm run traffic', () => {
  it.each([
    [['nope'], /^there is no sample 'nope'; the samples are xraystarter, /],
    [[], /missing required argument 'stack'/],
    [['guide', '--cloud-port', '9'], /^nothing answers at http:\/\/127\.0\.0\.1:9: start the local cloud with 'npm start -- guide'/],
    [['guide', '--cloud-port', 'x'], /^--cloud-port must be a port number/],
    [['guide', '--endpoint', 'x'], /^'x' is no address/],
    [['guide', '--aws', '--cloud-port', '9'], /^--aws contradicts/],
    [['guide', '--rounds', '0'], /^--rounds has to be a whole number from 1, got '0'/],
  ])('fails in one sentence: %j', async (args, message) => {
    const { status, output } = await traffic(args);
    expect([status, output.split('\n')]).toEqual([1, [expect.stringMatching(message)]]);
  });

  it('with --aws leaves the place to the usual settings of the AWS SDK', async () => {
    const { status, output } = await traffic(['guide', '--aws'], {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_MAX_ATTEMPTS: '1',
    });
    expect([status, output]).toEqual([1, expect.stringMatching(/^nothing answers at AWS in region eu-west-1: .*ECONNREFUSED/)]);
  });
});
