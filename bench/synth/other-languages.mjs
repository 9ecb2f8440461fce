// How often the tools of other languages run for an app: they are found through PATH, where these stand before them and count.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { root } from './synth-project.mjs';

const app = join(root, 'bench', 'synth', 'app.cjs');

/** @returns {{ calls: string[], milliseconds: number }[]} the command lines of each tool for one function, and for `size` */
function measure(size, write, tools, isCall) {
  return [1, size].map(number => {
    const directory = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
    try {
      const bin = join(directory, 'bin');
      mkdirSync(bin);
      for (const tool of tools) {
        const real = spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim();
        if (!real) continue;
        writeFileSync(join(bin, tool), `#!/bin/sh\necho "${tool} $*" >> '${directory}/calls'\nexec '${real}' "$@"\n`);
        chmodSync(join(bin, tool), 0o755);
      }
      for (let i = 0; i < number; i++) write(directory, i);
      const started = performance.now();
      const run = spawnSync(process.execPath, [app, 'folders', String(number), 'external', directory, join(directory, 'cdk.out'), join(root, 'build')], {
        cwd: directory,
        encoding: 'utf8',
        env: {
          ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NODE_PATH: join(root, 'node_modules'), CDK_VALIDATION: 'false',
          CDK_TRACED_FUNCTION_CACHE: join(directory, 'cache'), XDG_CACHE_HOME: join(directory, 'user-cache'),
        },
      });
      if (run.status !== 0) throw new Error(`the app failed: ${run.stderr}`);
      const milliseconds = performance.now() - started;
      const lines = existsSync(join(directory, 'calls')) ? readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n') : [];
      return { milliseconds, calls: lines.filter(line => isCall.test(line)) };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

function file(directory, name, text) {
  mkdirSync(join(directory, name, '..'), { recursive: true });
  writeFileSync(join(directory, name), text);
}

/** Functions with the same requirements. */
export function python(size) {
  return measure(size, (directory, i) => {
    file(directory, `functions/f${i}/app.py`, `import idna\n\ndef handler(event, context):\n    return ${i}\n`);
    file(directory, `functions/f${i}/requirements.txt`, 'idna==3.10\n');
  }, ['uv', 'pip', 'pip3', 'python3', 'python'], /\b(?:pip )?install\b/);
}

/** Functions of one module. */
export function go(size) {
  return measure(size, (directory, i) => {
    file(directory, 'functions/go.mod', 'module example.com/bench\n\ngo 1.22\n');
    file(directory, `functions/f${i}/main.go`, `package main\n\nfunc main() { println(${i}) }\n`);
  }, ['go'], /^go (?:.* )?build /);
}
