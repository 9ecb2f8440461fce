// Compiles every example: those of the README and of the docstrings as jsii-rosetta translates them into other languages, strictly; those of docs/*.md with tsc.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAssertions } from './build-assertions.mjs';
import { root } from './setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-function-examples-'));
try {
  // The package lies where a user has it, among its peers.
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of ['aws-cdk-lib', 'constructs', '@types', 'expect', 'vitest', '@jest']) symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  symlinkSync(root, join(modules, 'cdk-traced-function'), 'junction');
  symlinkSync(join(root, 'local'), join(modules, 'cdk-traced-function-local'), 'junction');
  const rosetta = join(root, 'node_modules', '.bin', 'jsii-rosetta');
  const { status } = spawnSync(rosetta, ['extract', '--strict', '--directory', folder, '--cache-to', join(folder, 'examples.json'), root], {
    stdio: ['ignore', 2, 2], env: { ...process.env, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1', JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' }, shell: process.platform === 'win32',
  });
  process.exitCode = status === 0 && await compileDocs() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(root, '.jsii.tabl.json'), { force: true });
}

/** Whether all examples of docs compile; each as Rosetta would wrap it, or alone where it says `nofixture`. */
async function compileDocs() {
  await buildAssertions();
  const ts = createRequire(import.meta.url)('typescript');
  const files = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md')).flatMap(page => (
    [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/^```ts( nofixture)?\n([\s\S]*?)^```/gm)].map(([, alone, example], i) => {
      const file = join(folder, `${page}-${i + 1}.ts`);
      writeFileSync(file, alone ? `${example}\nexport {};\n` : wrapped(example));
      return file;
    })));
  const program = ts.createProgram(files, {
    noEmit: true, strict: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node', 'jest'], typeRoots: [join(root, 'node_modules', '@types')], noImplicitAny: false,
  });
  const diagnostics = ts.getPreEmitDiagnostics(program);
  if (diagnostics.length > 0) console.error(ts.formatDiagnostics(diagnostics, { getCanonicalFileName: name => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' }));
  return diagnostics.length === 0;
}

function wrapped(example) {
  const lines = example.split('\n');
  const isHead = line => /^(?:import|declare) /.test(line);
  const taken = example.match(/import \{[^}]*\bStack\b[^}]*\} from 'aws-cdk-lib'/) ? '' : "import { Stack } from 'aws-cdk-lib';";
  return [taken, "import { Construct } from 'constructs';", ...lines.filter(isHead), 'class Fixture extends Stack {', '  constructor(scope: Construct, id: string) {', '    super(scope, id);',
    ...lines.filter(line => !isHead(line)), '  }', '}', 'void Fixture;'].join('\n');
}
