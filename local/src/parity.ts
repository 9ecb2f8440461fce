import { Command } from 'commander';
import { normalizeTrace, type NormalizedSegment } from './assertions/normalized-trace';
import { launch } from './launcher';
import { LauncherError } from './launcher-error';
import { PROJECT_DIR } from './project-folders';
import { TextReporter } from './reporter';
import { createSamples, DEFAULT_STACK, samples } from './samples';
import type { Trace, Xray } from './xray';
import { awsServiceName } from './xray/model/service-identity';

/** The values of the samples' CDK context `instrumentation`. */
const INSTRUMENTATIONS = ['xray-sdk', 'open-telemetry'] as const;
type InstrumentationName = typeof INSTRUMENTATIONS[number];

/** What X-Ray made of a stack's traffic. */
interface Recorded {
  /** `xraystarter-go AWS::Lambda::Function -> items AWS::DynamoDB::Table`, with `(fault)` and the like where calls failed; sorted. */
  readonly map: string[];
  /** Distinct traces, without what differs from run to run, as text, and how many of each there were. */
  readonly trees: Map<string, number>;
}

/** In names that the cloud gives to buckets, topics, queues and APIs. */
const GENERATED = [/\b[0-9a-f]{8,}\b/gi, '<id>'] as const;

/** What a call is about. Other parameters are recorded by the lists of each kind of instrumentation, and are not compared. */
const RESOURCES = ['operation', 'region', 'resource_names', 'table_name', 'bucket_name', 'queue_url', 'topic_arn', 'function_name', 'function_arn'];

const program = new Command('npm run parity --')
  .description('Runs samples twice in the local cloud, with the X-Ray SDK and with OpenTelemetry, and compares service maps and traces.')
  .argument('[stack...]', `of: ${Object.keys(samples).join(', ')} (default: ${DEFAULT_STACK})`)
  .option('--json', 'the result as one JSON object')
  .addHelpText('after', '\nEnds with status 0 if both are the same: nodes, edges, operations, names of resources, annotations and errors.')
  .action(main);

async function main(stacks: string[], { json }: { json?: boolean }): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => abort.abort(new LauncherError('stopped')));
  try {
    const chosen = stacks.length > 0 ? stacks : [DEFAULT_STACK];
    const unknown = chosen.find(stack => !samples[stack]);
    if (unknown) throw new LauncherError(`there is no sample '${unknown}'; the samples are ${Object.keys(samples).join(', ')}.`);
    const [xraySdk, openTelemetry] = [await record(chosen, 'xray-sdk', abort.signal), await record(chosen, 'open-telemetry', abort.signal)];
    const results = chosen.map(stack => ({ stack, ...compare(xraySdk.get(stack)!, openTelemetry.get(stack)!) }));
    const isSame = results.every(({ differences }) => differences.length === 0);
    if (json) process.stdout.write(`${JSON.stringify({ event: 'parity', isSame, stacks: results })}\n`);
    else results.forEach(tell);
    process.exitCode = isSame ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof LauncherError ? error.message : String((error as Error).stack ?? error)}\n`);
    process.exitCode = abort.signal.aborted ? 130 : 1;
  }
}

/** Deploys the stacks to a cloud of their own and sends their traffic. Fails unless all of it arrived. */
async function record(stacks: readonly string[], instrumentation: InstrumentationName, signal: AbortSignal): Promise<Map<string, Recorded>> {
  const recorded = new Map<string, Recorded>();
  const reporter = new TextReporter();
  const progress = (line: string) => { process.stderr.write(`${instrumentation}: ${line}\n`); };
  const isComplete = await launch({
    settings: { cloudPort: 0, xrayPort: 0, webPort: 0, otlpPort: 0 },
    appDir: PROJECT_DIR,
    context: { instrumentation },
    stacks,
    samples: createSamples(),
    exit: true,
    onTraffic: async (stack, traces, xray) => {
      recorded.set(stack, { map: await serviceMap(xray, traces), trees: distinct(traces) });
    },
  }, {
    progress, warning: progress, error: progress, missing: missing => reporter.missing(missing),
    trace: () => undefined, complete: () => undefined, ready: () => undefined, watching: () => undefined, redeployed: () => undefined, // the comparison is what is told
  }, signal);
  if (!isComplete) throw new LauncherError(`not everything arrived with ${instrumentation}: there is nothing to compare.`);
  return recorded;
}

interface ServiceGraph {
  Services: { ReferenceId: number; Name: string; Type?: string; Edges: Edge[] }[];
}
interface Edge { ReferenceId: number; EdgeType?: string; SummaryStatistics: Statistics }
interface Statistics { ErrorStatistics: { TotalCount: number; ThrottleCount: number }; FaultStatistics: { TotalCount: number } }

/** As `aws xray get-trace-graph` gives it. */
async function serviceMap(xray: Xray, traces: readonly Trace[]): Promise<string[]> {
  const response = await fetch(`${xray.url}/TraceGraph`, { method: 'POST', body: JSON.stringify({ TraceIds: traces.map(({ id }) => id) }) });
  const { Services: services } = await response.json() as ServiceGraph;
  const names = new Map(services.map(({ ReferenceId: id, Name: name, Type: type }) => (
    [id, `${awsServiceName(name)} ${type ?? ''}`.trim().replace(...GENERATED)])));
  return services.flatMap(service => [
    names.get(service.ReferenceId)!,
    ...service.Edges.map(({ ReferenceId: id, EdgeType: type, SummaryStatistics: statistics }) => (
      [names.get(service.ReferenceId), '->', names.get(id), type, outcomes(statistics)].filter(Boolean).join(' '))),
  ]).sort();
}

function outcomes({ ErrorStatistics: errors, FaultStatistics: faults }: Statistics): string {
  const found = [errors.TotalCount > 0 && 'error', errors.ThrottleCount > 0 && 'throttle', faults.TotalCount > 0 && 'fault'].filter(Boolean);
  return found.length > 0 ? `(${found.join(', ')})` : '';
}

function distinct(traces: readonly Trace[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const trace of traces) {
    const tree = normalizeTrace(trace, { replace: [GENERATED] }).map(segment => describe(segment, 0)).sort().flat().join('\n');
    counts.set(tree, (counts.get(tree) ?? 0) + 1);
  }
  return counts;
}

/** One line for each segment and subsegment. What only one kind of instrumentation records is left out, such as metadata. */
function describe(segment: NormalizedSegment, depth: number): string[] {
  const { name, origin, namespace, outcome, http, exceptions, children } = segment;
  const aws = Object.fromEntries(Object.entries(segment.aws ?? {}).filter(([key]) => RESOURCES.includes(key)));
  // A sample's values may be random, as scorekeep's names are.
  const annotations = segment.annotations && Object.fromEntries(Object.entries(segment.annotations).map(([key, value]) => [key, typeof value]));
  const facts = Object.entries({ origin, namespace, outcome, http, aws, annotations, exceptions })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [`${'  '.repeat(depth)}${[namespace === 'aws' ? awsServiceName(name) : name, ...facts].join(' ')}`, ...(children ?? []).map(child => describe(child, depth + 1)).sort().flat()];
}

/** What one has and the other has not. */
function compare(xraySdk: Recorded, openTelemetry: Recorded): { traces: number; nodesAndEdges: number; differences: string[] } {
  const sides: [string, Recorded, Recorded][] = [['X-Ray SDK', xraySdk, openTelemetry], ['OpenTelemetry', openTelemetry, xraySdk]];
  const differences = sides.flatMap(([name, one, other]) => [
    ...one.map.filter(line => !other.map.includes(line)).map(line => `on the map of ${name} only: ${line}`),
    ...[...one.trees.keys()].filter(tree => !other.trees.has(tree)).map(tree => `a trace of ${name} only:\n${tree.replace(/^/gm, '    ')}`),
  ]);
  return { traces: [...xraySdk.trees.values()].reduce((sum, count) => sum + count, 0), nodesAndEdges: xraySdk.map.length, differences };
}

function tell({ stack, traces, nodesAndEdges, differences }: { stack: string } & ReturnType<typeof compare>): void {
  process.stdout.write(differences.length === 0
    ? `${stack}: the same with the X-Ray SDK and OpenTelemetry: ${nodesAndEdges} nodes and edges of the map, ${traces} traces\n`
    : `${stack}: ${differences.length} differences\n${differences.map(difference => `  ${difference}`).join('\n')}\n`);
}

void program.parseAsync();
