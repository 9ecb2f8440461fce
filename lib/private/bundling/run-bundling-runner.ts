import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { RunnerInput, RunnerOutput, RunnerOutputJson } from './bundling-job';

/** Runs the bundling runner to its end. */
export function runBundlingRunner(input: RunnerInput): RunnerOutput {
  const runner = require.resolve('../runner/main');
  // Only a checkout of this package has the runner as TypeScript.
  const loader = runner.endsWith('.ts') ? ['--import', require.resolve('tsx')] : [];
  // The result comes as a file: standard output belongs to the app, whose own tools may parse it.
  const resultFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-')), 'result.json');
  try {
    const run = spawnSync(process.execPath, [...loader, runner, resultFile], {
      input: JSON.stringify(input),
      stdio: ['pipe', 2, 2],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    if (run.error || run.status !== 0) {
      throw new Error(`the bundling process ended with ${run.error?.message ?? `status ${run.status ?? run.signal}`}; its output is above`);
    }
    const { results, common } = JSON.parse(fs.readFileSync(resultFile, 'utf8')) as RunnerOutputJson;
    return {
      results: results.map(({ inputs, ...result }) => ({ ...result, inputs: inputs && { ...inputs, common: inputs.common?.map(i => common[i]) } })),
    };
  } finally {
    fs.rmSync(path.dirname(resultFile), { recursive: true, force: true });
  }
}
