/**
 * The bundling runner: a process of its own, because CDK's synthesis is synchronous and bundling many packages at once is not.
 * Standard input: a `RunnerInput`. First argument: the file that receives the `RunnerOutput`. Progress goes to standard error.
 */
import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import { errorText } from './bundling-error';
import { JobRunner, LanguageRunner } from './language-runner';
import { ProgressLine } from './progress-line';
import { BundlingJob, JobResult, RunnerInput, RunnerOutputJson } from '../bundling/bundling-job';
import { systemErrorText } from '../files/system-error';

const load = createRequire(__filename);

async function main(): Promise<void> {
  const input = JSON.parse(fs.readFileSync(0, 'utf8')) as RunnerInput;
  const results = new Map<BundlingJob, JobResult>();
  const queue = groupByKind(input.jobs).flatMap(jobs => {
    const [{ language, kind }] = jobs;
    // Loaded only when there is work for it: most apps have one language.
    const { [kind]: runner } = (load(input.runners[language]) as { runner: LanguageRunner }).runner;
    return runner.group(jobs).map(group => async () => run(runner, group, results));
  });
  // `go build` and pip use several threads themselves: more jobs than cores only make each of them slower.
  const workers = Array.from({ length: Math.max(2, os.availableParallelism()) }, async () => {
    for (let task = queue.shift(); task; task = queue.shift()) {
      await task();
    }
  });
  await Promise.all(workers);
  fs.writeFileSync(process.argv[2], JSON.stringify(toJson(input.jobs.map(job => results.get(job)!))));
}

function groupByKind(jobs: BundlingJob[]): BundlingJob[][] {
  const groups = new Map<string, BundlingJob[]>();
  for (const job of jobs) {
    const key = `${job.language} ${job.kind}`;
    groups.set(key, [...groups.get(key) ?? [], job]);
  }
  return [...groups.values()];
}

async function run(runner: JobRunner, jobs: BundlingJob[], results: Map<BundlingJob, JobResult>): Promise<void> {
  const consumers = jobs.flatMap(job => job.consumers);
  const progress = new ProgressLine(consumers.length > 3 ? `${consumers.length} functions` : consumers.join(', '), runner.tool(jobs));
  try {
    for (const [job, result] of await runner.bundle(jobs)) {
      results.set(job, result);
    }
  } catch (error) {
    jobs.forEach(job => results.set(job, { error: errorText(error) }));
  } finally {
    progress.end();
  }
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

main().catch((error: Error) => {
  process.stderr.write(`cdk-traced-function: ${systemErrorText(error) ?? error.stack}\n`);
  process.exitCode = 1;
});
