import { Command } from 'commander';
import { LauncherError } from './launcher-error';
import { useLocalCredentials } from './local-credentials';
import { samples } from './samples';
import { readStackOutputs } from './samples/stack-outputs';
import { LOOPBACK, resolveSettings } from './settings';

interface Flags {
  aws?: boolean;
  endpoint?: string;
  cloudPort?: string;
  rounds: string;
}

const program = new Command('npm run traffic --')
  .description('Sends realistic traffic to a sample stack that is deployed, on the local cloud or on AWS.')
  .argument('<stack>', `one of: ${Object.keys(samples).join(', ')}`)
  .option('--aws', 'send it to AWS, to the account and region of the usual credentials and profile')
  .option('--endpoint <url>', 'address of the AWS APIs (default: AWS_ENDPOINT_URL, else the local cloud)')
  .option('--cloud-port <port>', 'port of the local cloud (default: CDK_TRACED_CLOUD_PORT or 4566)')
  .option('--rounds <number>', 'how many times', '1')
  .action(main);

async function main(stackName: string, flags: Flags): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => abort.abort(new LauncherError('stopped')));
  try {
    const sample = samples[stackName];
    if (!sample) throw new LauncherError(`there is no sample '${stackName}'; the samples are ${Object.keys(samples).join(', ')}.`);
    const rounds = /^[1-9]\d{0,5}$/.test(flags.rounds) ? Number(flags.rounds) : NaN;
    if (!rounds) throw new LauncherError(`--rounds has to be a whole number from 1, got '${flags.rounds}'.`);
    const endpoint = endpointOf(flags);
    // Real credentials have no business in a local cloud.
    if (endpoint && [LOOPBACK, 'localhost'].includes(new URL(endpoint).hostname)) useLocalCredentials();
    const outputs = await readStackOutputs(stackName, endpoint);
    const log = (line: string) => { process.stdout.write(`${line}\n`); };
    for (let round = 0; round < rounds; round++) await sample.sendTraffic({ endpoint, outputs, log, signal: abort.signal });
  } catch (error) {
    const isStopped = abort.signal.aborted;
    process.stderr.write(isStopped ? 'stopped\n' : `${error instanceof LauncherError ? error.message : String((error as Error).stack ?? error)}\n`);
    process.exitCode = isStopped ? 130 : 1;
  }
}

/** Undefined for AWS itself. Nothing is sent there unless that is said. */
function endpointOf({ aws, endpoint, cloudPort }: Flags): string | undefined {
  if (aws && (endpoint ?? cloudPort) !== undefined) throw new LauncherError('--aws contradicts --endpoint and --cloud-port; leave one of them out.');
  if (aws) return undefined;
  const url = endpoint ?? (cloudPort === undefined ? process.env.AWS_ENDPOINT_URL : undefined) ?? `http://${LOOPBACK}:${resolveSettings({ cloudPort }).cloudPort}`;
  if (!URL.canParse(url)) throw new LauncherError(`'${url}' is no address; write it as http://127.0.0.1:4566.`);
  return url;
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
void program.parseAsync();
