// What the layers add to the start of functions whose packages stay as they are, and how large they are.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENT } from '../function-start/environment.mjs';
import { makePackages } from '../lambda-packages.mjs';
import { pipPeers } from '../peers.mjs';
import { runPinned } from '../pinned-process.mjs';
import { above, inTurn, median } from '../rounds.mjs';

const starts = join(dirname(dirname(fileURLToPath(import.meta.url))), 'function-start');
const { buildSync } = createRequire(import.meta.url)('esbuild');
const { zipSync } = createRequire(import.meta.url)('fflate');

const LIMITS = { 'Node.js': { start: 4, size: 20 }, 'Python': { start: 15, size: 60 } };

export async function layerRows(scratch, rounds, log) {
  // As others bundle, with the AWS SDK inside.
  const nodejs = join(scratch, 'existing');
  mkdirSync(nodejs);
  buildSync({ entryPoints: [join(starts, 'handlers', 'node.mjs')], outfile: join(nodejs, 'index.js'), bundle: true, platform: 'node', target: 'node20', minify: true, mainFields: ['module', 'main'], logLevel: 'error' });
  const python = join(starts, 'handlers', 'python');
  const version = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim();
  const made = await makePackages(join(scratch, 'layers'), {
    nodejs: { construct: 'adopted', code: nodejs, handler: 'index.handler', runtime: 'nodejs24.x' },
    python: { construct: 'adopted', code: python, handler: 'handler.handler', runtime: `python${version}` },
  });
  const boto3 = await pipPeers('boto3', { boto3: '1.40.0' }, log);

  const node = (file, environment) => async () => (await runPinned(process.execPath, [join(starts, 'load.mjs'), file], { env: { ...ENVIRONMENT, LAMBDA_TASK_ROOT: nodejs, ...environment } })).start;
  const py = (handler, layers, environment) => async () => (await runPinned('python3', [join(starts, 'load.py'), handler], {
    env: {
      ...ENVIRONMENT, LAMBDA_TASK_ROOT: python, _HANDLER: handler, ...environment, PYTHONDONTWRITEBYTECODE: '1',
      PYTHONPATH: [python, ...layers.map(layer => join(layer, 'python')), boto3].join(delimiter), HOME: process.env.HOME, PYENV_ROOT: process.env.PYENV_ROOT ?? '',
    },
  })).start;
  const sides = {
    'Node.js': { plain: node(join(nodejs, 'index.js')), layered: node(join(made.nodejs.layers[0], 'nodejs', 'cdk-traced-function', 'handler.mjs'), made.nodejs.environment) },
    'Python': { plain: py('handler.handler', []), layered: py(made.python.handler, made.python.layers, made.python.environment) },
  };
  const rows = [];
  for (const [language, { layers: [layer] }] of [['Node.js', made.nodejs], ['Python', made.python]]) {
    await inTurn(1, sides[language]);
    const { plain, layered } = await inTurn(rounds, sides[language]);
    const size = zipSync(filesOf(layer), { level: 9 }).length / 1e3;
    rows.push({ what: `${language} layer, added to the start`, size: 'against the function without it', ours: above(layered, plain), peer: median(plain), unit: 'ms', limit: LIMITS[language].start });
    rows.push({ what: `${language} layer, zipped`, ours: size, unit: 'kB', limit: LIMITS[language].size });
    log(`${language} layer: ${rows.at(-2).ours.toFixed(2)} ms, ${size.toFixed(1)} kB`);
  }
  return rows;
}

function filesOf(folder, prefix = '') {
  return Object.assign({}, ...readdirSync(folder).map(name => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesOf(path, `${prefix}${name}/`) : { [prefix + name]: new Uint8Array(readFileSync(path)) };
  }));
}
