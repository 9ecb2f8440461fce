import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

jest.setTimeout(120_000);

const run = promisify(execFile);
const ROOT = join(__dirname, '../../..');

/** A project of someone else, that has the workspace among its packages. */
let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'cdk-traced-assertions-'));
  const installed = join(project, 'node_modules/cdk-traced-function-local');
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, 'local/package.json'), join(installed, 'package.json'));
  await run(process.execPath, [join(ROOT, 'scripts/build-assertions.mjs'), join(installed, 'dist/assertions')]);
  symlinkSync(join(ROOT, 'node_modules/@types'), join(project, 'node_modules/@types'));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test.each([
  ['import', ['--input-type=module', '-e', "import * as all from 'cdk-traced-function-local/assertions'; console.log(Object.keys(all).sort().join())"]],
  ['require', ['--input-type=commonjs', '-e', "console.log(Object.keys(require('cdk-traced-function-local/assertions')).sort().join())"]],
])('Node.js can %s the assertions', async (_, args) => {
  const { stdout } = await run(process.execPath, args, { cwd: project });
  expect(stdout).toMatch(/TraceReader,assertTrace,callTree,formatTraceTree,hasAnnotation,.*normalizeTrace,.*traceMatchers/);
});

test('they are typed, under compiler options that are stricter than ours', async () => {
  writeFileSync(join(project, 'user.test.ts'), `
import { normalizeTrace, TraceReader, type Trace } from 'cdk-traced-function-local/assertions/jest';
import type { TraceMatchers } from 'cdk-traced-function-local/assertions/vitest';

test('typed', async () => {
  const trace: Trace = await new TraceReader('http://127.0.0.1:2080').waitForTrace({ annotations: { key: 'a' } });
  expect(trace).toPassThrough('AWS::SNS', /^shop/);
  expect(trace).not.toHaveSubsegment({ operation: 'PutItem', table: 'items' });
  // @ts-expect-error a subsegment has no such thing
  expect(trace).toHaveSubsegment({ tabel: 'items' });
  // @ts-expect-error milliseconds are a number
  expect(trace).toTakeAtMost('10');
  const names: string[] = normalizeTrace(trace).map(({ name }) => name);
  const matcher: keyof TraceMatchers = 'toBeConnected';
  expect([names, matcher]).toBeDefined();
});
`);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      target: 'es2022', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noImplicitOverride: true,
      noPropertyAccessFromIndexSignature: true, isolatedModules: true, skipLibCheck: true, noEmit: true, types: ['node', 'jest'],
    },
    files: ['user.test.ts'],
  }));
  await run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', project]).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
});
