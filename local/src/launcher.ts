import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAssertionRoutes } from './assertions/assertion-routes';
import { startLocalCloud, type LocalCloud } from './cloud/local-cloud';
import { ensurePythonEnvironment } from './cloud/python-environment';
import { provideRuntimeClients } from './cloud/runtime-clients';
import { CdkApp, type StackOutputs } from './deploy';
import { addLogRoutes } from './function-logs/log-routes';
import { LauncherError } from './launcher-error';
import { libraryMismatch } from './library-version';
import { useLocalCredentials } from './local-credentials';
import { IS_CHECKOUT, LOCAL_DIR, STATE_DIR, VERSION } from './project-folders';
import type { Reporter } from './reporter';
import { pause } from './run-command';
import type { Missing, Sample, SampleContext, SampleTrace, SegmentDocument } from './samples/sample';
import { LOOPBACK, type Settings } from './settings';
import { redeployOnSave } from './watch';
import { startXray, type Trace, type Xray, type XrayOptions } from './xray';

const TRAFFIC_TIMEOUT_MS = 120_000;
const CHECK_INTERVAL_MS = 250;
const MAX_LAUNCHERS = 16;
/** Where scripts/build-web.mjs puts the page. */
const PAGE_DIR = join(LOCAL_DIR, 'dist', 'web');

export interface LauncherOptions {
  readonly settings: Settings;
  /** The CDK app's folder. */
  readonly appDir: string;
  /** Command that synthesises the app. @default - `app` of cdk.json */
  readonly app?: string;
  /** CDK context for the synthesis. @default - none but that of cdk.json */
  readonly context?: Readonly<Record<string, string>>;
  /** Stacks to deploy; all of the app where empty. */
  readonly stacks: readonly string[];
  /** Traffic for the stacks that have it, by the stack's name. */
  readonly samples: Readonly<Record<string, Sample>>;
  /** End after the first round of traffic. */
  readonly exit: boolean;
  /** Deploy what is saved from then on. @default false */
  readonly watch?: boolean;
  /** Trace functions, REST API stages, state machines and GraphQL APIs whatever their template says. @default false */
  readonly traceAll?: boolean;
  /** Refuse stacks with resource types that the local cloud does not provide. @default - stand-ins that do nothing */
  readonly strict?: boolean;
  /** File for the traces, in the shape of X-Ray's BatchGetTraces. */
  readonly report?: string;
  /** Called when a stack's traffic was handled and traced, or timed out, with the traces that it made. */
  readonly onTraffic?: (stack: string, traces: readonly Trace[], xray: Xray) => void | Promise<void>;
  /** Called with the page's address when all is ready. */
  readonly onReady?: (url: string) => void;
}

/**
 * Runs a CDK app on the local cloud with its traces: X-Ray, cloud, bootstrap, deploy, traffic, report; then stays until `signal` aborts.
 * Resolves with whether everything that was expected arrived. Leaves no process, port or temporary file behind, whatever happens.
 */
export async function launch(options: LauncherOptions, reporter: Reporter, signal: AbortSignal): Promise<boolean> {
  useLocalCredentials();
  if (options.report) checkWritable(options.report);
  const cleanups: (() => unknown)[] = [];
  try {
    const { settings, appDir, app, context } = options;
    const mismatch = IS_CHECKOUT ? undefined : libraryMismatch(appDir, VERSION);
    if (mismatch) reporter.warning(mismatch);
    const log = (line: string) => reporter.progress(line);

    // X-Ray comes first, so that the cloud can be told where it is; it asks for the logs' address when it needs it.
    let cloud: LocalCloud | undefined;
    const xray = await startWithJournal({
      udpPort: settings.xrayPort,
      httpPort: settings.webPort,
      otlpPort: settings.otlpPort,
      strict: options.strict,
      log: line => reporter.warning(line),
      webDir: existsSync(PAGE_DIR) ? PAGE_DIR : undefined,
      addRoutes: (server, store) => {
        addLogRoutes(server, { traceById: id => store.trace(id), cloudEndpoint: () => cloud?.endpoint });
        addAssertionRoutes(server, store);
      },
    }, options);
    cleanups.push(() => xray.close());
    const earlier = new Set(xray.store.traces().map(trace => trace.id));

    const { traceAll, strict } = options;
    if (traceAll) log('tracing every function, API stage, state machine and GraphQL API, whatever the templates say (--no-trace-all: as they say)');
    const python = await ensurePythonEnvironment({ log, signal });
    const running = cloud = await startLocalCloud({
      python, port: settings.cloudPort, xrayPort: xray.udpPort, xrayUrl: xray.url, appDir, traceAll, strict, signal,
      progress: log, log: line => reporter.warning(`local cloud: ${line}`),
    });
    cleanups.push(() => running.close());
    const crash = new AbortController();
    void running.crashed.then(reason => crash.abort(new LauncherError(reason)));
    const going = AbortSignal.any([signal, crash.signal]);

    const cdk = new CdkApp({ appDir, app, context, endpoint: running.endpoint, scratch: running.scratch, log, signal: going });
    const isComplete = await whileGoing(crash.signal, async () => {
      await cdk.prepare(options.stacks);
      await provideRuntimeClients({ assembly: cdk.assembly, scratch: running.scratch, log, warn: line => reporter.warning(line), signal: going });
      const stacks = await cdk.deploy(options.stacks);
      const deployed = Date.now();
      const complete = await runSamples(options, stacks, running, xray, reporter, going);
      if (options.report) writeFileSync(options.report, reportOf(xray, trace => trace.startMs >= deployed && !earlier.has(trace.id)));
      reporter.ready({
        outputs: Object.assign({}, ...Object.values(stacks)) as Record<string, string>,
        stacks,
        xray: xray.url,
        endpoint: running.endpoint,
        daemon: `${LOOPBACK}:${xray.udpPort}`,
      }, !options.exit);
      return complete;
    });
    if (!options.exit) {
      options.onReady?.(xray.url);
      await whileGoing(crash.signal, () => options.watch
        ? redeployOnSave({ appDir, redeploy: () => cdk.redeploy(options.stacks), reporter, signal: going })
        : aborted(signal));
    }
    return isComplete;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

/** The work's result, or at once the reason why the cloud ended in the middle of it. */
async function whileGoing<T>(crash: AbortSignal, work: () => Promise<T>): Promise<T> {
  return Promise.race([work(), aborted(crash).then(() => { throw crash.reason; })]);
}

/** Sends one round of traffic to each stack that has some, and waits until all of it was handled and traced. */
async function runSamples(
  { samples, onTraffic }: LauncherOptions, stacks: StackOutputs, cloud: LocalCloud, xray: Xray, reporter: Reporter, signal: AbortSignal,
): Promise<boolean> {
  const deployed = Object.keys(stacks).filter(name => samples[name]);
  let isComplete = true;
  for (const name of deployed) {
    const context: SampleContext = {
      endpoint: cloud.endpoint,
      outputs: stacks[name],
      traces: async () => tracesOf(xray),
      log: line => reporter.progress(line),
      signal,
    };
    reporter.progress(`sending traffic to ${name}...`);
    const started = Date.now();
    await samples[name].sendTraffic(context);
    const missing = await waitUntilComplete(samples[name], context, reporter);
    // Deploying leaves traces too: S3 sends a test event when a notification is set.
    const traces = xray.store.traces().filter(trace => trace.startMs >= started);
    for (const trace of traces) reporter.trace(trace);
    await onTraffic?.(name, traces, xray);
    if (missing.length > 0) {
      reporter.missing(missing);
      isComplete = false;
    } else {reporter.complete(traces.length, (Date.now() - started) / 1000);}
  }
  return isComplete;
}

async function waitUntilComplete(sample: Sample, context: SampleContext, reporter: Reporter): Promise<Missing[]> {
  const deadline = Date.now() + TRAFFIC_TIMEOUT_MS;
  let last = -1;
  for (;;) {
    const missing = await sample.check(context);
    if (missing.length === 0 || Date.now() > deadline) return missing;
    if (missing.length !== last) reporter.progress(`waiting for ${missing.length} items and segments...`);
    last = missing.length;
    await pause(CHECK_INTERVAL_MS, context.signal);
  }
}

/** All traces so far, their documents parsed. */
function tracesOf(xray: Xray): SampleTrace[] {
  const ids = xray.store.traces().map(trace => trace.id);
  return xray.store.batchGetTraces(ids).Traces.map(({ Id, Segments }) => ({
    id: Id,
    segments: Segments.map(({ Document }) => JSON.parse(Document) as SegmentDocument),
  }));
}

/** The chosen traces as `aws xray batch-get-traces` prints them. */
function reportOf(xray: Xray, isChosen: (trace: Trace) => boolean): string {
  const ids = xray.store.traces().filter(isChosen).map(trace => trace.id);
  const traces = xray.store.batchGetTraces(ids).Traces;
  return `${JSON.stringify({ Traces: traces }, undefined, 2)}\n`;
}

/**
 * Starts X-Ray. Traces outlive a restart: each app has a journal of its own, and another one for each further launcher that runs it at the
 * same time. What ends after one round needs none.
 */
async function startWithJournal(settings: XrayOptions, { appDir, exit }: LauncherOptions): Promise<Xray> {
  const traces = process.env.CDK_TRACED_TRACES || join(STATE_DIR, 'traces');
  const folder = join(traces, createHash('sha256').update(appDir).digest('hex').slice(0, 16));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startXray(exit ? settings : { ...settings, journalDir: attempt === 1 ? folder : `${folder}-${attempt}` });
    } catch (error) {
      const { message } = error as Error;
      if (!/ are in use by process /.test(message) || attempt === MAX_LAUNCHERS) throw new LauncherError(message);
    }
  }
}

/** Tells before the work, not after it, that its result cannot be stored. */
function checkWritable(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'a' });
  } catch (error) {
    throw new LauncherError(`the report cannot be written: ${(error as Error).message}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
