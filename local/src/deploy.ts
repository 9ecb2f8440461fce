import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DeleteStackCommand, waitUntilStackDeleteComplete } from '@aws-sdk/client-cloudformation';
import { appEnvironments, appStacks, DEFAULT_ENVIRONMENT, DEFAULT_QUALIFIER, type AppEnvironment, type AppStack } from './app-environments';
import { findCdkCli, type CdkCli } from './cdk-cli';
import { errorOf, isOfError, isProgress } from './cli-error';
import { keepFile } from './kept-file';
import { LauncherError } from './launcher-error';
import { IS_CHECKOUT, PROJECT_DIR } from './project-folders';
import { runCommand, type CommandResult } from './run-command';
import { LOCAL_REGION } from './xray/local-place';

const SYNTH_TIMEOUT_MS = 15 * 60_000; // a first `go build` or `pip install` may be in it
const DEPLOY_TIMEOUT_MS = 15 * 60_000;

export interface CdkAppOptions {
  /** The CDK app's folder: its cdk.json is used, and the CDK CLI in its node_modules. */
  readonly appDir: string;
  /** Command that synthesises the app. @default - `app` of cdk.json */
  readonly app?: string;
  /** CDK context for the synthesis. @default - none but that of cdk.json */
  readonly context?: Readonly<Record<string, string>>;
  /** Address of the local cloud. */
  readonly endpoint: string;
  /** Folder for the cloud assembly and for what the CLI writes. */
  readonly scratch: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Outputs of the deployed stacks, each of which is there: stack name -> output name -> value. */
export type StackOutputs = Record<string, Record<string, string>>;

/** Runs the real CDK CLI of an app against the local cloud. */
export class CdkApp {
  /** Names of an app's stacks. */
  static async list(appDir: string, app: string | undefined, signal: AbortSignal): Promise<string[]> {
    const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-app-'));
    try {
      const cdk = new CdkApp({ appDir, app, endpoint: 'http://127.0.0.1:9', scratch, log: () => undefined, signal });
      const list = ['list', '--output', cdk.assembly, ...(app ? ['--app', app] : [])];
      const { stdout } = await cdk.keepingContext(() => cdk.cdk(list, SYNTH_TIMEOUT_MS, signal));
      return stdout.split('\n').map(line => line.trim()).filter(Boolean);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  private readonly cli: CdkCli;
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  private readonly environment: NodeJS.ProcessEnv;
  private deployed: AppStack[] = [];

  constructor(private readonly options: CdkAppOptions) {
    this.cli = findCdkCli(options.appDir);
    if (this.cli.note) options.log(this.cli.note);
    this.assembly = join(options.scratch, 'cdk.out');
    this.environment = cdkEnvironment(options);
  }

  /** `cdk synth`, and beside it `cdk bootstrap`: they do not depend on one another, as long as the app names no environments of its own. */
  async prepare(stacks: readonly string[]): Promise<void> {
    const { log } = this.options;
    log('synthesising the app and bootstrapping the local cloud...');
    const synth = ['synth', ...this.selected(stacks), ...this.synthesis(stacks), '--quiet'];
    let failing = false;
    await together([
      // Progress of bundling is shown as it comes; an error is told once, at the end, by its sentence.
      signal => this.keepingContext(() => this.cdk(synth, SYNTH_TIMEOUT_MS, signal, line => {
        failing ||= isOfError(line);
        if (!failing && isProgress(line)) log(line);
      })),
      signal => this.bootstrap(DEFAULT_ENVIRONMENT, signal),
    ], this.options.signal);
    for (const environment of appEnvironments(this.assembly)) {
      if (isSame(environment, DEFAULT_ENVIRONMENT)) continue;
      log(`bootstrapping account ${environment.account}, region ${environment.region}...`);
      await this.bootstrap(environment, this.options.signal);
    }
  }

  /** The local cloud has every account: the access key says which one a request is for. */
  private async bootstrap({ account, region, qualifier }: AppEnvironment, signal: AbortSignal | undefined): Promise<void> {
    const toolkit = qualifier === DEFAULT_QUALIFIER ? 'CDKToolkit' : `CDKToolkit-${qualifier}`;
    // Bootstrapping needs no app, and must not synthesise it a second time.
    const args = ['bootstrap', `aws://${account}/${region}`, '--app', '', '--toolkit-stack-name', toolkit, '--qualifier', qualifier];
    // The CLI writes its template into a temporary folder, and is killed when the synthesis beside it fails.
    const variables = { TMPDIR: this.options.scratch, ...(account === DEFAULT_ENVIRONMENT.account ? {} : { AWS_ACCESS_KEY_ID: account }) };
    await this.cdk(args, DEPLOY_TIMEOUT_MS, signal, undefined, variables);
  }

  /** What the app looks up in the local cloud must not end up in its cdk.context.json, from which it would be deployed to AWS. */
  private keepingContext<T>(work: () => Promise<T>): Promise<T> {
    return keepFile(join(this.options.appDir, 'cdk.context.json'), work);
  }

  /** `cdk deploy` of what `prepare` has synthesised. */
  async deploy(stacks: readonly string[]): Promise<StackOutputs> {
    const outputsFile = join(this.options.scratch, 'outputs.json');
    const progress = new DeployProgress(this.options.log);
    await this.cdk([
      'deploy', ...this.selected(stacks), '--app', this.assembly, '--require-approval', 'never', '--outputs-file', outputsFile, '--progress', 'events',
    ], DEPLOY_TIMEOUT_MS, this.options.signal, line => progress.line(line));
    const outputs = existsSync(outputsFile) ? JSON.parse(readFileSync(outputsFile, 'utf8')) as StackOutputs : {};
    this.deployed = appStacks(this.assembly).filter(({ displayName }) => progress.deployed.has(displayName));
    return { ...Object.fromEntries(this.deployed.map(({ name }) => [name, {}])), ...outputs };
  }

  /**
   * Brings the app as it is now to the stacks that `deploy` has made: code of functions by hotswap, the rest by a deployment.
   * One command, because starting the CLI takes as long as the rest.
   */
  async redeploy(stacks: readonly string[]): Promise<void> {
    await this.keepingContext(() => this.cdk([
      'deploy', ...this.selected(stacks), ...this.synthesis(stacks), '--hotswap-fallback', '--method', 'direct',
      '--require-approval', 'never', '--progress', 'events',
    ], DEPLOY_TIMEOUT_MS, this.options.signal));
    await this.removeOthers();
  }

  /** What the app has no more is deleted, which `cdk deploy` leaves to a person. */
  private async removeOthers(): Promise<void> {
    const { endpoint, log, signal } = this.options;
    const stacks = appStacks(this.assembly);
    const gone = this.deployed.filter(one => !stacks.some(other => other.name === one.name && isSame(other.environment, one.environment)));
    for (const { name, environment } of gone.reverse()) {
      log(`${name} is no longer in the app: deleting it...`);
      await deleteStack(name, environment, endpoint, signal);
    }
    const kept = this.deployed.filter(stack => !gone.includes(stack));
    this.deployed = [...kept, ...stacks.filter(({ name }) => !kept.some(known => known.name === name))];
  }

  /** What makes the assembly out of the app. */
  private synthesis(stacks: readonly string[]): string[] {
    const { app, appDir, context } = this.options;
    // The samples do not depend on one another, so only those that are deployed need to be bundled.
    const only = IS_CHECKOUT && appDir === PROJECT_DIR && app === undefined && stacks.length > 0 ? ['--exclusively'] : [];
    const given = Object.entries(context ?? {}).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
    return [...only, ...given, '--output', this.assembly, ...(app ? ['--app', app] : [])];
  }

  /** `--all` would leave out the stacks of stages. */
  private selected(stacks: readonly string[]): string[] {
    return stacks.length > 0 ? [...stacks] : ['**'];
  }

  private async cdk(
    args: string[], timeoutMs: number, signal: AbortSignal | undefined, onLine?: (line: string) => void, variables?: NodeJS.ProcessEnv,
  ): Promise<CommandResult> {
    // A profile in cdk.json would count more than the local cloud's credentials.
    const common = ['--profile', '', '--no-notices', '--no-color', '--no-version-reporting', '--no-asset-metadata'];
    const result = await runCommand(process.execPath, [...this.cli.command, ...args, ...common], {
      cwd: this.options.appDir,
      env: { ...this.environment, ...variables },
      timeoutMs,
      signal,
      onLine: line => {
        if (onLine && line.trim() !== '') onLine(line);
      },
    });
    if (result.status !== 0) {
      const hint = /Unrecognized resource types/.test(result.output)
        ? '\nThe local cloud does not have these; without --strict it stands in for them, and --stacks deploys the other stacks.'
        : /^No stacks? match/m.test(result.output) ? '; --list names those that there are.' : '';
      throw new LauncherError(`'cdk ${args[0]}' failed: ${errorOf(result.output) ?? `status ${result.status}`}${hint}`);
    }
    return result;
  }
}

/** Deletes a stack of the local cloud, and waits until it is gone. */
async function deleteStack(name: string, { account, region }: AppEnvironment, endpoint: string, signal?: AbortSignal): Promise<void> {
  const client = new CloudFormationClient({ endpoint, region, credentials: { accessKeyId: account, secretAccessKey: 'test' } });
  try {
    await client.send(new DeleteStackCommand({ StackName: name }), { abortSignal: signal });
    const patience = { maxWaitTime: DEPLOY_TIMEOUT_MS / 1000, minDelay: 1, maxDelay: 2, abortSignal: signal };
    await waitUntilStackDeleteComplete({ client, ...patience }, { StackName: name });
  } catch (error) {
    signal?.throwIfAborted();
    throw new LauncherError(`the stack ${name} cannot be deleted: ${(error as Error).message}`);
  } finally {
    client.destroy();
  }
}

function isSame(one: AppEnvironment, other: AppEnvironment): boolean {
  return one.account === other.account && one.region === other.region && one.qualifier === other.qualifier;
}

/** Runs all at the same time; when one fails the others are ended, and its error is the result. */
async function together(tasks: ((signal: AbortSignal) => Promise<unknown>)[], signal?: AbortSignal): Promise<void> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal!.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  let first: unknown;
  await Promise.all(tasks.map(task => task(abort.signal).catch(error => {
    first ??= error;
    abort.abort(error);
  })));
  signal?.removeEventListener('abort', onAbort);
  if (first) throw first;
}

/** One line for every few resources, from the CLI's event lines `stack |  3/27 | 12:00:00 PM | CREATE_COMPLETE | AWS::... | id`. */
class DeployProgress {
  /** The stacks that are there, as the CLI calls them. */
  readonly deployed = new Set<string>();
  private last = new Map<string, number>();

  constructor(private readonly log: (line: string) => void) {}

  line(line: string): void {
    const event = /^(\S+) \|\s*(\d+)\/(\d+) \|[^|]*\| (\w+)\s*\| (\S+)\s*\| (.*)$/.exec(line);
    if (!event) {
      if (/: deploying\.\.\.|✅/.test(line)) this.log(line.trim());
      const [, name] = /✅ +(.+?)(?: \(no changes\))?$/.exec(line.trimEnd()) ?? [];
      if (name) this.deployed.add(name);
      return;
    }
    const [, stack, done, total, status, , rest] = event;
    if (/FAILED/.test(status)) this.log(`${stack}: ${status} ${rest}`);
    const step = Math.floor(Number(done) / Math.max(1, Number(total)) * 4);
    if (step > (this.last.get(stack) ?? 0)) {
      this.last.set(stack, step);
      this.log(`${stack}: ${done} of ${total} resources`);
    }
  }
}

/** The user's environment, so that bundling finds its tools, without anything that could reach a real AWS account. */
function cdkEnvironment({ endpoint, scratch }: CdkAppOptions): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^AWS_/.test(name) && !/^CDK_(DEFAULT|DEPLOY)_/.test(name) && name !== 'NODE_OPTIONS');
  const noProxy = [process.env.NO_PROXY ?? process.env.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');
  return {
    ...Object.fromEntries(kept),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_CONFIG_FILE: join(scratch, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(scratch, 'no-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    // CDK looks through all templates for what might be refused, which takes longer than all else that a synth does; `cdk synth` is there for that.
    CDK_VALIDATION: process.env.CDK_VALIDATION ?? 'false',
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1',
    JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
    JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}
