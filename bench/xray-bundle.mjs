// The local X-Ray as a program of its own, for the benchmarks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Bundles a program that may import from `./src`, beside the launcher's bundle, where the receiver finds its worker; returns its path. */
export async function bundleProgram(name, contents) {
  const outfile = join(root, 'local', 'dist', `bench-${name}.cjs`);
  const { build } = createRequire(import.meta.url)('esbuild');
  await build({
    stdin: { contents, resolveDir: join(root, 'local'), loader: 'ts' },
    outfile, bundle: true, platform: 'node', target: 'node20', format: 'cjs', packages: 'external', logLevel: 'error',
  });
  return outfile;
}

/** Runs a program and resolves with the JSON of its first line, and with what stops it. */
export async function startProgram(file, ...args) {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(([code]) => { throw new Error(`the program ended with ${code} before it said where it listens`); }),
  ]);
  return {
    ...JSON.parse(line),
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
