import { Command, InvalidArgumentError } from 'commander';
import { CdkApp } from './deploy';
import { launch } from './launcher';
import { LauncherError } from './launcher-error';
import { IS_CHECKOUT, PROJECT_DIR, VERSION } from './project-folders';
import { regressionCommands } from './regression/cli';
import { JsonReporter, TextReporter, type Reporter } from './reporter';
import { DEFAULT_STACK, samples } from './samples';
import { resolveSettings } from './settings';

interface Flags {
  exit?: boolean;
  watch?: boolean;
  report?: string;
  json?: boolean;
  app?: string;
  stacks?: string[];
  all?: boolean;
  list?: boolean;
  traceAll?: boolean;
  strict?: boolean;
  open: boolean;
  cloudPort?: string;
  xrayPort?: string;
  webPort?: string;
  otlpPort?: string;
}

const program = new Command('cdk-traced-local')
  .description('Deploys a CDK app to a local cloud on this machine and shows its X-Ray traces. No AWS account, no Docker.')
  .argument('[stack...]', IS_CHECKOUT ? `stacks to deploy (default: '${DEFAULT_STACK}' of this project, all of another app)` : 'stacks to deploy (default: all of the app)')
  .option('--exit', 'end after the first round of traffic; status 0 only if every item and every expected segment is there')
  .option('--watch', 'deploy what is saved, by hotswap where only code has changed')
  .option('--report <file>', "write the traces in the shape of X-Ray's BatchGetTraces")
  .option('--json', 'one JSON object a line instead of text; the last of a start is {"event":"ready",...}')
  .option('--app <command>', "command that synthesises the CDK app (default: 'app' of cdk.json in the current folder)")
  .option('--stacks <names>', 'stacks to deploy, separated by commas', names)
  .option('--all', 'deploy all stacks of the app')
  .option('--trace-all', `trace every function, API stage, state machine and GraphQL API, whatever the templates say (default: on${IS_CHECKOUT ? ', except for this project' : ''})`)
  .option('--no-trace-all', 'trace what the templates say')
  .option('--strict', 'refuse resource types that the local cloud does not provide, and trace documents that AWS would not take, instead of telling of them')
  .option('--list', 'name the stacks and end')
  .option('--no-open', 'do not open the page in a browser')
  .option('--cloud-port <port>', 'port of the AWS APIs (default: CDK_TRACED_CLOUD_PORT or 4566; 0 picks a free one)')
  .option('--xray-port <port>', 'UDP and TCP port of the X-Ray daemon (default: CDK_TRACED_XRAY_PORT or 2000; 0 picks a free one)')
  .option('--web-port <port>', 'port of the X-Ray API and its page (default: CDK_TRACED_WEB_PORT or 2080; 0 picks a free one)')
  .option('--otlp-port <port>', 'port for spans of OpenTelemetry, OTLP over HTTP (default: CDK_TRACED_OTLP_PORT or 4318; 0 picks a free one)')
  .version(VERSION)
  .action(main);
regressionCommands().forEach(command => program.addCommand(command));

function names(text: string): string[] {
  const found = text.split(',').map(name => name.trim()).filter(Boolean);
  if (found.length === 0) throw new InvalidArgumentError('name at least one stack.');
  return found;
}

async function main(positional: string[], flags: Flags): Promise<void> {
  const reporter: Reporter = flags.json ? new JsonReporter() : new TextReporter();
  const abort = new AbortController();
  let isReady = false;
  const stop = () => {
    if (abort.signal.aborted) process.exit(130); // asked twice: the cloud ends by itself when this process is gone
    if (!flags.json) process.stderr.write('\nstopping...\n');
    abort.abort(new LauncherError('stopped'));
  };
  // Whoever read the output is gone: there is nobody left to work for.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => abort.abort(new LauncherError('the output is closed')));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  try {
    const appDir = process.cwd();
    const isOwnApp = IS_CHECKOUT && appDir === PROJECT_DIR && flags.app === undefined;
    if (flags.list) {
      await list(appDir, isOwnApp, flags, reporter, abort.signal);
      return;
    }
    if (flags.watch && flags.exit) throw new LauncherError('--watch stays until it is ended, and --exit does not: give one of them.');
    const named = flags.all ? [] : [...positional, ...flags.stacks ?? []];
    const isComplete = await launch({
      settings: resolveSettings(flags),
      appDir,
      app: flags.app,
      stacks: named.length > 0 || flags.all || !isOwnApp ? named : [DEFAULT_STACK],
      samples: isOwnApp ? samples : {},
      exit: flags.exit ?? false,
      watch: flags.watch ?? false,
      traceAll: flags.traceAll ?? !isOwnApp,
      strict: flags.strict ?? false,
      report: flags.report,
      onReady: url => {
        isReady = true;
        if (flags.open && !flags.json && process.stdout.isTTY) openPage(url, reporter);
      },
    }, reporter, abort.signal);
    process.exitCode = isComplete || isReady ? 0 : 1;
  } catch (error) {
    if (abort.signal.aborted) {process.exitCode = isReady ? 0 : 130;} else {
      reporter.error(error instanceof LauncherError ? error.message : String((error as Error).stack ?? error));
      process.exitCode = 1;
    }
  }
}

async function list(appDir: string, isOwnApp: boolean, flags: Flags, reporter: Reporter, signal: AbortSignal): Promise<void> {
  const stacks = isOwnApp
    ? Object.values(samples).map(({ stackName, description }) => ({ name: stackName, description }))
    : (await CdkApp.list(appDir, flags.app, signal)).map(name => ({ name, description: '' }));
  if (flags.json) process.stdout.write(`${JSON.stringify({ event: 'stacks', stacks })}\n`);
  else if (stacks.length === 0) reporter.progress('The app has no stacks.');
  else for (const { name, description } of stacks) process.stdout.write(description ? `${name.padEnd(18)}${description}\n` : `${name}\n`);
}

function openPage(url: string, reporter: Reporter): void {
  import('open').then(({ default: open }) => open(url)).catch((error: Error) => reporter.warning(`no browser could be opened: ${error.message}`));
}

// Who reads JSON gets what is wrong with the command line as JSON, too.
if (process.argv.includes('--json')) program.configureOutput({ outputError: text => new JsonReporter().error(text.trim().replace(/^error: /, '')) });
program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error instanceof LauncherError ? error.message : error.stack ?? error.message}\n`);
  process.exitCode = 1;
});
