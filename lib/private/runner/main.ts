/**
 * The bundling runner: a process of its own, because CDK's synthesis is synchronous and bundling many packages at once is not.
 * Standard input: a `RunnerInput`. First argument: the file that receives the `RunnerOutput`. Progress goes to standard error.
 */
import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import type * as Go from './go/go';
import type * as Java from './java/java';
import type * as Layers from './layers';
import type * as Nodejs from './nodejs/nodejs';
import { ProgressLine } from './progress-line';
import type * as Python from './python/python';
import type * as PythonDependencies from './python/dependencies';
import { BundlingJob, GoJob, JavaJob, JobResult, NodejsJob, RunnerInput, RunnerOutputJson } from '../bundling/bundling-job';

const load = createRequire(__filename);

/** Each is loaded when there is work for it: most apps have one. */
const LANGUAGES = {
  go: () => load('./go/go') as typeof Go,
  java: () => load('./java/java') as typeof Java,
  layers: () => load('./layers') as typeof Layers,
  nodejs: () => load('./nodejs/nodejs') as typeof Nodejs,
  python: () => load('./python/python') as typeof Python,
  pythonDependencies: () => load('./python/dependencies') as typeof PythonDependencies,
};

/** What shares no work with others of its kind. */
type SingleJob = Exclude<BundlingJob, NodejsJob | GoJob | JavaJob>;

async function main(): Promise<void> {
  const input = JSON.parse(fs.readFileSync(0, 'utf8')) as RunnerInput;
  const results = new Map<BundlingJob, JobResult>();
  const nodejs = input.jobs.filter((job): job is NodejsJob => job.kind === 'nodejs');
  const go = input.jobs.filter((job): job is GoJob => job.kind === 'go');
  const java = input.jobs.filter((job): job is JavaJob => job.kind === 'java');
  const others = input.jobs.filter((job): job is SingleJob => job.kind !== 'nodejs' && job.kind !== 'go' && job.kind !== 'java');

  const queue = [
    ...(go.length > 0 ? LANGUAGES.go().groupGoJobs(go).map(jobs => async () => runTogether(jobs, 'go', LANGUAGES.go().bundleGo, results)) : []),
    ...(java.length > 0
      ? LANGUAGES.java().groupJavaJobs(java).map(jobs => async () => runTogether(jobs, jobs[0].buildTool, LANGUAGES.java().bundleJava, results))
      : []),
    ...(nodejs.length > 0 ? [async () => runTogether(nodejs, 'esbuild', LANGUAGES.nodejs().bundleNodejs, results)] : []),
    ...others.map(job => async () => results.set(job, await runJob(job))),
  ];
  // `go build` and pip use several threads themselves: more jobs than cores only make each of them slower.
  const workers = Array.from({ length: Math.max(2, os.availableParallelism()) }, async () => {
    for (let task = queue.shift(); task; task = queue.shift()) {
      await task();
    }
  });
  await Promise.all(workers);
  fs.writeFileSync(process.argv[2], JSON.stringify(toJson(input.jobs.map(job => results.get(job)!))));
}

function toJson(results: JobResult[]): RunnerOutputJson {
  const common = [...new Set(results.flatMap(({ inputs }) => inputs?.common ?? []))];
  const positions = new Map(common.map((inputs, i) => [inputs, i]));
  return {
    results: results.map(({ inputs, ...result }) => ({
      ...result,
      inputs: inputs && { ...inputs, common: inputs.common?.map(c => positions.get(c)!) },
    })),
    common,
  };
}

async function runTogether<J extends BundlingJob>(
  jobs: J[], tool: string, bundle: (jobs: J[]) => Promise<Map<J, JobResult>>, results: Map<BundlingJob, JobResult>,
): Promise<void> {
  const consumers = jobs.flatMap(job => job.consumers);
  const progress = new ProgressLine(consumers.length > 3 ? `${consumers.length} functions` : consumers.join(', '), tool);
  try {
    for (const [job, result] of await bundle(jobs)) {
      results.set(job, result);
    }
  } catch (error) {
    jobs.forEach(job => results.set(job, { error: (error as Error).message }));
  } finally {
    progress.end();
  }
}

async function runJob(job: SingleJob): Promise<JobResult> {
  const progress = new ProgressLine(job.consumers.join(', '), job.kind);
  try {
    fs.mkdirSync(job.outputDir, { recursive: true });
    switch (job.kind) {
      case 'python': return await LANGUAGES.python().bundlePython(job);
      case 'nodejs-layer': return await LANGUAGES.layers().bundleNodejsLayer(job);
      case 'python-layer': return await LANGUAGES.layers().bundlePythonLayer(job);
      case 'python-dependency-layer': return await LANGUAGES.pythonDependencies().bundlePythonDependencyLayer(job);
      case 'java-layer': return await LANGUAGES.java().bundleJavaLayer(job);
    }
  } catch (error) {
    return { error: (error as Error).message };
  } finally {
    progress.end();
  }
}

main().catch((error: Error) => {
  process.stderr.write(`cdk-traced-function: ${error.stack}\n`);
  process.exitCode = 1;
});
