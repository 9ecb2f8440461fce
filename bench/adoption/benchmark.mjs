// What the line does to the synth of an app that exists: the wall time of the whole process, with it and without.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerRows } from './layer-start.mjs';
import { compileLibrary } from '../lambda-packages.mjs';
import { median } from '../rounds.mjs';
import { withProject } from '../synth/synth-project.mjs';

export const title = 'Adoption: an app with TracedFunctions.everywhere() against the same app without';

export async function measure({ log, quick }) {
  compileLibrary();
  const size = quick ? 10 : 100;
  const rounds = quick ? 1 : 3;
  const samples = { existing: [], line: [], again: [] };
  await withProject(size, async project => {
    project.synth('floor'); // the files of the app and of aws-cdk-lib are in memory from here on
    for (let round = 0; round < rounds; round++) {
      for (const kind of ['existing', 'line']) {
        project.clean();
        samples[kind].push(project.synth(kind));
      }
      samples.again.push(project.synth('line'));
      log(`round ${round + 1}: ${Object.entries(samples).map(([what, values]) => `${what} ${values.at(-1).toFixed(0)} ms`).join(', ')}`);
    }
  });
  const layers = await inScratch(scratch => layerRows(scratch, quick ? 3 : 21, log));
  const [existing, line, again] = ['existing', 'line', 'again'].map(what => median(samples[what]));
  return {
    rows: [
      { what: 'synth, nothing cached', size: `${size} functions`, ours: line, peer: existing, unit: 'ms', ratio: line / existing, goal: 1 / 8 },
      { what: 'synth once more, nothing changed', size: `${size} functions`, ours: again, peer: existing, unit: 'ms', ratio: again / existing },
      ...layers,
    ],
    notes: ['The whole process, the load of aws-cdk-lib included. The app is the same but for the line; with it, its functions are traced. CDK\'s validation of templates is off on both sides (`CDK_VALIDATION=false`).', 'Start: processor time of a fresh process, until the handler is loaded; the median of the differences of each round.'],
  };
}

async function inScratch(use) {
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  try {
    return await use(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
