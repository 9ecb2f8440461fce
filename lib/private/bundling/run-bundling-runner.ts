import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import * as path from 'path';
import { RunnerInput, RunnerOutput, RunnerOutputJson } from './bundling-job';
import { systemErrorText } from '../files/system-error';

/** Runs the bundling runner to its end. */
export function runBundlingRunner(input: RunnerInput): RunnerOutput {
  const main = require.resolve('../runner/main');
  const compiled = main.endsWith('.ts') ? compiledRunner() : (file: string) => file;
  const runners = Object.fromEntries(Object.entries(input.runners).map(([language, file]) => [language, compiled(file)]));
  // The result comes as a file: standard output belongs to the app, whose own tools may parse it.
  const resultFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-')), 'result.json');
  try {
    const run = spawnSync(process.execPath, [compiled(main), resultFile], {
      input: JSON.stringify({ ...input, runners } satisfies RunnerInput),
      stdio: ['pipe', 2, 2],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    if (run.error || run.status !== 0) {
      throw new Error(`the bundling process ended with ${run.error ? systemErrorText(run.error) ?? run.error.message : `status ${run.status ?? run.signal}`}; its output is above`);
    }
    const { results, common } = JSON.parse(fs.readFileSync(resultFile, 'utf8')) as RunnerOutputJson;
    return {
      results: results.map(({ inputs, ...result }) => ({ ...result, inputs: inputs && { ...inputs, common: inputs.common?.map(i => common[i]) } })),
    };
  } finally {
    fs.rmSync(path.dirname(resultFile), { recursive: true, force: true });
  }
}

/** Only a checkout of this package has the runner as TypeScript, and what compiles it. */
function compiledRunner(): (file: string) => string {
  const { compiledRunner: compile } = createRequire(__filename)('../../../scripts/compile-runner.cjs') as { compiledRunner: () => (file: string) => string };
  return compile();
}
