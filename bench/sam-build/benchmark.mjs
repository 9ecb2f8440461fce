// What it takes to build the sample's three functions, in TypeScript, Python and Go, against `sam build`.
import { execFile, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileLibrary } from '../lambda-packages.mjs';
import { cached } from '../peers.mjs';
import { median } from '../rounds.mjs';
import { samProject, tracedProject } from './sam-project.mjs';

export const title = 'Build of functions in TypeScript, Python and Go, against sam build';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(folder));
const SAM = { 'aws-sam-cli': '1.170.0' };
const run = promisify(execFile);

export async function measure({ log, quick }) {
  const library = compileLibrary();
  const venv = await cached('sam', SAM, log, async unfinished => {
    // Its scripts name the folder that they were made in.
    await run('python3', ['-m', 'venv', join(unfinished, 'venv')]);
    await run(join(unfinished, 'venv', 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `aws-sam-cli==${SAM['aws-sam-cli']}`], { maxBuffer: 1e8 });
  });
  const python = join(venv, 'venv', 'bin', 'python');
  const runtime = spawnSync(python, ['-c', 'import sys; print("python%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).stdout.trim();
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  try {
    const sam = samProject(root, join(scratch, 'sam'), runtime);
    const traced = tracedProject(root, join(scratch, 'traced'));
    const env = { ...process.env, PATH: [join(venv, 'venv', 'bin'), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter), SAM_CLI_TELEMETRY: '0', CDK_VALIDATION: 'false', BENCH_PYTHON: runtime };
    const timed = (program, args, options) => {
      const started = performance.now();
      const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8', ...options, env: { ...env, ...options.env } });
      if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stderr || stdout}`);
      return performance.now() - started;
    };
    const goCache = name => ({ GOCACHE: join(scratch, name) });
    const buildSam = (args, environment) => timed(python, ['-m', 'samcli', 'build', ...args], { cwd: sam, env: environment ?? goCache('go-sam') });
    const synth = (kind, environment) => timed(process.execPath, [join(folder, 'app.cjs'), kind, traced, join(scratch, 'cdk.out'), library], {
      cwd: traced, env: { ...goCache('go-traced'), CDK_TRACED_FUNCTION_CACHE: join(scratch, 'cache'), XDG_CACHE_HOME: join(scratch, 'user-cache'), ...environment },
    });
    const forget = (...names) => names.forEach(name => rmSync(name.startsWith('.') ? join(sam, name) : join(scratch, name), { recursive: true, force: true }));

    const samples = { cold: [], again: [], parallel: [], cached: [] };
    synth('floor');
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const floor = median([synth('floor'), synth('floor')]);
      // Without anything that an earlier build has left: packages are there already, as both sides keep what they have downloaded.
      if (round < 1) { // once: a minute each
        forget('.aws-sam', 'go-sam', 'go-traced', 'cache', 'user-cache', 'cdk.out');
        samples.cold.push([synth('traced') - floor, buildSam([])]);
      }
      forget('.aws-sam', 'cache', 'user-cache', 'cdk.out');
      samples.again.push([synth('traced') - floor, buildSam(['--parallel'])]);
      forget('.aws-sam');
      changeAll(traced, round);
      changeAll(sam, round);
      samples.parallel.push([synth('traced') - floor, buildSam(['--parallel'])]);
      forget('.aws-sam');
      buildSam(['--cached', '--parallel']);
      samples.cached.push([synth('traced') - floor, buildSam(['--cached', '--parallel'])]);
      log(`round ${round + 1}: ${Object.entries(samples).map(([what, values]) => `${what} ${values.at(-1).map(value => value.toFixed(0)).join(' / ')}`).join(', ')} (ours / sam build, ms; floor ${floor.toFixed(0)})`);
    }
    const row = (what, values, goal, note) => {
      const [ours, peer] = [0, 1].map(side => median(values.map(value => value[side])));
      return { what, ours, peer, unit: 'ms', ratio: Math.max(0, ours) / peer, goal, note };
    };
    const ours = pythonPackage(join(scratch, 'cdk.out'));
    const peer = size(join(sam, '.aws-sam', 'build', 'Py')) / 1e6;
    return {
      rows: [
        row('first build, nothing compiled before', samples.cold, 1 / 2, 'nearly all of it is the Go compiler at work on the AWS SDK, on both sides and on all cores'),
        row('all built again, no cache of ours, against --parallel', samples.again),
        row('code of all changed, against --parallel', samples.parallel, 1 / 4),
        row('nothing changed, against --cached', samples.cached, 1 / 10),
        { what: 'package in Python', ours, peer, unit: 'MB', ratio: ours / peer, limit: 2 },
      ],
      versions: SAM,
      notes: ['Ours is the wall time of a synth above that of the same app with inline code; the other side is that of `sam build`, `sam build --parallel` and `sam build --cached --parallel`. ' +
        'The first build starts with an empty build cache of Go on both sides; modules, wheels and npm packages have been downloaded before. SAM\'s handlers import the X-Ray SDKs themselves, ours are traced by the construct.',
        "Where a goal is missed: with an empty build cache of Go nearly all of the first build is the Go compiler on the AWS SDK, on both sides and on all cores. Ours runs esbuild and pip beside it, and leaves parts of the X-Ray SDK out.",
      ],
    };
  } finally {
    spawnSync('chmod', ['-R', 'u+w', scratch]);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Another comment in each handler. */
function changeAll(project, round) {
  appendFileSync(join(project, 'ts', 'handler.ts'), `// ${round}\n`);
  appendFileSync(join(project, 'py', 'handler.py'), `# ${round}\n`);
  appendFileSync(join(project, 'go', 'main.go'), `// ${round}\n`);
}

/** Megabytes of the package that has Python in it. */
function pythonPackage(outdir) {
  const asset = readdirSync(outdir).filter(name => name.startsWith('asset.')).map(name => join(outdir, name)).find(name => readdirSync(name).includes('handler.py'));
  return size(asset) / 1e6;
}

function size(file) {
  const stats = statSync(file);
  return stats.isDirectory() ? readdirSync(file).reduce((sum, name) => sum + size(join(file, name)), 0) : stats.size;
}
