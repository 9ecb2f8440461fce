// What bundling adds to a synth: the wall time of an app's synth above the same app with inline code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileLibrary } from '../lambda-packages.mjs';
import { median } from '../rounds.mjs';
import { go, python } from './other-languages.mjs';
import { root, withProject } from './synth-project.mjs';

export const title = 'Synth: bundling cost against NodejsFunction';

const GOALS = { cold: { external: 1 / 100, bundled: 1 / 25 }, warm: 1 / 500, changed: 1 / 100 };
const SDK = { external: 'AWS SDK left to the runtime', bundled: 'AWS SDK bundled' };

export async function measure({ log, quick }) {
  compileLibrary();
  const sizes = quick ? [10] : [10, 100, 1_000];
  const rows = [];
  const costs = {};
  for (const size of sizes) {
    costs[size] = await withProject(size, async project => Object.fromEntries(['external', 'bundled'].map(sdk => [sdk, compare(project, sdk, quick, log)])));
    rows.push(...rowsOf(size, costs[size]));
  }
  for (const sdk of Object.keys(SDK)) {
    for (const [larger, smaller] of [[100, 10], [1_000, 100]]) {
      if (!costs[larger]) continue;
      const [ours, peer] = [larger, smaller].map(size => costs[size][sdk].cold / size);
      rows.push({ what: `cold, cost of one function of ${larger} against one of ${smaller}, ${SDK[sdk]}`, ours, peer, unit: 'ms', ratio: ours / peer, goal: 1 });
    }
  }
  rows.push(...quick ? [] : otherLanguages(log));
  const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  const measured = sizes.filter(size => costs[size].external.peer !== undefined);
  const series = (what, sdk, values = measured) => values.map(size => Math.max(0, costs[size][sdk][what]));
  return {
    rows,
    versions: { 'aws-cdk-lib': version('aws-cdk-lib'), 'esbuild': version('esbuild'), '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb') },
    plots: [
      {
        title: 'Bundling cost by number of functions', x: { title: 'functions', values: measured }, y: { title: 'ms' },
        series: Object.keys(SDK).flatMap(sdk => [
          { name: `NodejsFunction, ${SDK[sdk]}`, values: series('peer', sdk) },
          { name: `TracedFunction, cold, ${SDK[sdk]}`, values: series('cold', sdk) },
        ]),
      },
      {
        title: 'Bundling cost of TracedFunction by number of functions', x: { title: 'functions', values: sizes }, y: { title: 'ms' },
        series: [
          ...Object.keys(SDK).map(sdk => ({ name: `cold, ${SDK[sdk]}`, values: series('cold', sdk, sizes) })),
          { name: 'one file changed', values: series('changed', 'external', sizes) },
          { name: 'warm', values: series('warm', 'external', sizes) },
        ],
      },
    ],
    notes: [
      'The cost is the wall time of the app\'s process above that of the floor, the same app with `lambda.Function` and inline code, in the same round. NodejsFunction is run at 10 and 100 functions, each of which makes one call of esbuild; ' +
        'ours is traced, NodejsFunction is not. Cold: no cache and no output folder. CDK\'s own validation of templates is off on all sides (`CDK_VALIDATION=false`): it takes seconds, and by chance more or less of them.',
      'All functions import the same of the AWS SDK, on both sides. It is linked once for each set of names that functions import, so an app in which each function has a set of its own pays for as many.',
        "Where a goal is missed: of a cold synth 190 ms are there for 10 functions as for 100 (Node.js and esbuild start, the tracing set-up is linked), the rest is 1.7 ms a function, of which CDK's own handling of an asset is the larger part; at 1,000 functions a function costs 2.4 ms against some 320 of NodejsFunction. A warm synth takes 20 ms to load the library and 0.6 ms a function, nearly all of it CDK's: an asset, and bucket and key as tokens, which the floor's inline code does not have. One changed file costs the same start of the two processes. Tried: one process for all jobs, each language loaded when there is work for it, the SDK linked once for each set of imports, assets added once, fingerprints shared between packages, copying by hand in place of `fs.cpSync`, a package of one file kept in the cache as that file (30 ms). Not tried: a worker thread in place of the process (about 25 ms), keeping linked parts on disk (about 100 ms of a changed file with the SDK bundled).",
      ],
  };
}

/** Medians in milliseconds above the floor of the same round. */
function compare(project, sdk, quick, log) {
  const { size } = project;
  const rounds = quick ? 1 : size >= 1_000 ? 2 : 5;
  const peerRounds = size >= 1_000 ? 0 : quick ? 1 : size >= 100 ? 3 : 5;
  const samples = { floor: [], cold: [], warm: [], changed: [], peer: [] };
  project.synth('floor'); // the files of the app and of aws-cdk-lib are in memory from here on
  project.synth('traced', sdk);
  for (let round = 0; round < rounds; round++) {
    project.clean();
    const floor = project.synth('floor');
    samples.floor.push(floor);
    samples.cold.push(project.synth('traced', sdk) - floor);
    samples.warm.push(project.synth('traced', sdk) - project.synth('floor'));
    // What cannot be measured above the floor needs more rounds.
    for (let i = 0; !quick && size < 1_000 && i < 4; i++) samples.warm.push(-project.synth('floor') + project.synth('traced', sdk));
    project.changeOne(`changed ${round}`);
    samples.changed.push(project.synth('traced', sdk) - project.synth('floor'));
    if (round < peerRounds) {
      project.clean();
      samples.peer.push(project.synth('nodejs', sdk) - project.synth('floor'));
    }
    log(`${size} functions, ${SDK[sdk]}, round ${round + 1}: ${Object.entries(samples).map(([what, values]) => `${what} ${values.at(-1)?.toFixed(0) ?? '-'}`).join(', ')}`);
  }
  return Object.fromEntries(Object.entries(samples).map(([what, values]) => [what, values.length > 0 ? median(values) : undefined]));
}

function rowsOf(size, { external, bundled }) {
  const row = (what, sdk, { cold, warm, changed, peer }, measured, goal) => ({
    what: `${what}, ${SDK[sdk]}`, size: `${size} functions`, ours: { cold, warm, changed }[measured], peer, unit: 'ms',
    ratio: peer === undefined ? undefined : Math.max(0, { cold, warm, changed }[measured]) / peer, goal: size === 100 ? goal : undefined,
  });
  return [
    row('cold', 'external', external, 'cold', GOALS.cold.external),
    row('cold', 'bundled', bundled, 'cold', GOALS.cold.bundled),
    row('warm, nothing changed', 'external', external, 'warm', GOALS.warm),
    row('warm, nothing changed', 'bundled', bundled, 'warm', GOALS.warm),
    row('one file changed', 'external', external, 'changed', GOALS.changed),
    row('one file changed', 'bundled', bundled, 'changed', GOALS.changed),
  ];
}

function otherLanguages(log) {
  return [
    ['Python functions with the same requirements', 'installations', 20, python],
    ['Go functions of one module', 'build calls', 20, go],
  ].flatMap(([what, unit, size, run]) => {
    try {
      const [one, all] = run(size);
      log(`${size} ${what}: ${all.calls.join('; ')}`);
      return [
        { what: `${size} ${what}`, ours: all.calls.length, peer: size, unit, ratio: all.calls.length / size, goal: 1 / size, note: 'the other side is one for each function' },
        { what: `${size} ${what}, against one`, ours: all.milliseconds, peer: one.milliseconds, unit: 'ms', ratio: all.milliseconds / one.milliseconds },
      ];
    } catch (error) {
      log(`${what}: ${error.message}`);
      return [{ what: `${size} ${what}`, unit, note: `not measured: ${error.message.split('\n')[0]}` }];
    }
  });
}
