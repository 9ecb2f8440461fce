import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LambdaEnvironment, PARENT, ROOT } from './lambda-environment';
import { bundle, bundlingError } from './packages';
import { fixture, GO_ENTRY, projectFolder, temporaryFolder } from './test-app';
import { Bundling, Instrumentation, TracedFunctionProps } from '../lib';
import { directoryHash } from '../lib/private/files/directory-hash';

const LOCAL = { architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64 };
const OTHER = { architecture: process.arch === 'arm64' ? lambda.Architecture.X86_64 : lambda.Architecture.ARM_64 };

const go = (name: string, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps => ({ entry: fixture('go', name), ...LOCAL, ...more });

let packages: Record<string, string>;
let environment: LambdaEnvironment;
const filesBefore = directoryHash(fixture('go'));

beforeAll(async () => {
  environment = await LambdaEnvironment.start();
  packages = bundle({
    PutItem: { entry: GO_ENTRY, ...LOCAL },
    Count: go('put-item/cmd/count/main.go'),
    OtherArchitecture: { entry: GO_ENTRY, ...OTHER },
    OwnCapture: go('own-capture'),
    NoAws: go('no-aws'),
    NoConfig: go('no-config'),
    Workspace: { entry: path.join(workspace, 'api'), ...LOCAL },
    WorkspaceUntraced: { entry: path.join(workspace, 'api'), ...LOCAL, instrumentation: Instrumentation.none() },
    Vendored: { entry: vendored(), ...LOCAL },
    Flags: { entry: flags, ...LOCAL, bundling: Bundling.go({ tags: ['special'], buildArgs: ['-ldflags=-X main.version=42'] }) },
    FlagsForAShell: { entry: flags, ...LOCAL, bundling: Bundling.go({ buildArgs: ['-ldflags "-s -w -X \'main.version=4 2\'"', '-tags=special -v'] }) },
    FlagsOfTheEnvironment: { entry: flags, ...LOCAL, bundling: Bundling.go({ environment: { GOFLAGS: '-tags=special,other' } }) },
    Library: libraryProject(),
    Untraced: go('put-item/cmd/count', { instrumentation: Instrumentation.none() }),
  });
});

/** A module of a workspace that requires another module nowhere but there. */
const workspace = projectFolder({
  'go.work': 'go 1.24\n\nuse (\n\t./api\n\t./shared\n)\n', 'shared/go.mod': 'module example.com/shared\n\ngo 1.24\n',
  'shared/shared.go': 'package shared\n\nfunc Name() string { return "shared" }\n',
  'api/go.mod': 'module example.com/api\n\ngo 1.24\n\nrequire github.com/aws/aws-lambda-go v1.54.0\n',
  'api/go.sum': fs.readFileSync(fixture('go', 'put-item', 'go.sum'), 'utf8'),
  'api/main.go': 'package main\n\nimport (\n\t"example.com/shared"\n\t"github.com/aws/aws-lambda-go/lambda"\n)\n\nfunc main() {\n\tlambda.Start(func() (string, error) { return shared.Name(), nil })\n}\n',
});

/** A module of Go 1.13 whose libraries lie in `vendor`. */
function vendored(): string {
  const folder = projectFolder({
    'go.mod': 'module vendored\n\ngo 1.13\n\nrequire github.com/aws/aws-lambda-go v1.54.0\n',
    'main.go': 'package main\n\nimport (\n\t"errors"\n\t"github.com/aws/aws-lambda-go/lambda"\n)\n\nfunc main() {\n\tlambda.Start(func() error { return errors.New("at https://user:pass@host/path?query") })\n}\n',
  });
  execFileSync('go', ['mod', 'tidy'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  execFileSync('go', ['mod', 'vendor'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return folder;
}

const flags = projectFolder({
  'go.mod': 'module tags\n\ngo 1.24\n', 'main.go': 'package main\n\nvar version = "none"\n\nfunc main() { println(version, tagged()) }\n',
  'tagged.go': '//go:build special\n\npackage main\n\nfunc tagged() string { return "special" }\n',
});

afterAll(async () => {
  await environment.stop();
  // The one trace of the library in the user's module cache.
  const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
  for (const folder of ['cdk-traced-function.example', 'cache/download/cdk-traced-function.example']) {
    fs.rmSync(path.join(cache, folder), { recursive: true, force: true });
  }
});

/** A function whose client is made by a module that comes from a module proxy, as a company's own library does. */
function libraryProject(): TracedFunctionProps {
  const library = {
    'go.mod': fs.readFileSync(fixture('go', 'put-item', 'go.mod'), 'utf8').replace('module putitem', 'module cdk-traced-function.example/items')
      .replace(/.*aws-lambda-go.*\n/, ''),
    'items.go': fs.readFileSync(fixture('go', 'put-item', 'items', 'items.go'), 'utf8').replace('var client = newClient()', '')
      .replace('client.PutItem', 'newClient().PutItem'),
  };
  const versions = path.join(temporaryFolder(), 'cdk-traced-function.example', 'items', '@v');
  // Files only: Go refuses an archive with entries for folders.
  const zip = 'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n  for name, text in json.loads(sys.argv[2]).items(): z.writestr("cdk-traced-function.example/items@v1.0.0/" + name, text)';
  fs.mkdirSync(versions, { recursive: true });
  fs.writeFileSync(path.join(versions, 'list'), 'v1.0.0\n');
  fs.writeFileSync(path.join(versions, 'v1.0.0.info'), '{"Version":"v1.0.0"}');
  fs.writeFileSync(path.join(versions, 'v1.0.0.mod'), library['go.mod']);
  execFileSync('python3', ['-c', zip, path.join(versions, 'v1.0.0.zip'), JSON.stringify(library)]);
  const proxies = [`file://${path.dirname(path.dirname(path.dirname(versions)))}`, execFileSync('go', ['env', 'GOPROXY'], { encoding: 'utf8' }).trim()].join(',');
  const variables = { GOPROXY: proxies, GONOSUMDB: 'cdk-traced-function.example', GOFLAGS: '-modcacherw' };
  const entry = projectFolder({
    'go.mod': 'module app\n\ngo 1.24\n\nrequire (\n\tgithub.com/aws/aws-lambda-go v1.54.0\n\tcdk-traced-function.example/items v1.0.0\n)\n',
    'main.go': 'package main\n\nimport (\n\t"cdk-traced-function.example/items"\n\t"github.com/aws/aws-lambda-go/lambda"\n)\n\nfunc main() {\n\tlambda.Start(items.Put)\n}\n',
  });
  execFileSync('go', ['mod', 'tidy'], { cwd: entry, env: { ...process.env, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] });
  return { entry, ...LOCAL, bundling: Bundling.go({ environment: variables }) };
}

function binary(id: string): string {
  return path.join(packages[id], 'bootstrap');
}

/** The machine in the header of an ELF file. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
function machineOf(file: string): string {
  const header = fs.readFileSync(file).subarray(0, 20);
  expect(header.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  return ({ 0x3e: 'x86_64', 0xb7: 'arm64' })[header.readUInt16LE(18)] ?? 'unknown';
}

const canRun = process.platform === 'linux';
const testOnLinux = canRun ? test : test.skip;
if (!canRun) {
  console.warn('The tests that run a binary for Lambda are skipped: they need Linux');
}

const subsegment = { namespace: 'aws', name: 'DynamoDB', trace_id: ROOT, parent_id: PARENT };

testOnLinux.each([
  ['PutItem', '"a"', 'PutItem'], // the client is a variable of an inner package
  ['Count', '0', 'Scan'], // the client is made at each request
  ['Library', '"a"', 'PutItem'], // the client is made by a module that is not the user's
])('%s: a call of a plain handler is recorded once, with its table, and carries the trace on', async (id, answer, operation) => {
  const { output, documents, calls } = await environment.serve(binary(id), { id: 'a' });
  expect(output).toBe(answer);
  const recorded = documents.filter(document => document.namespace === 'aws');
  expect(recorded).toMatchObject([{ ...subsegment, aws: { operation, table_name: 'items' } }]);
  expect(calls).toEqual([{ operation: `DynamoDB_20120810.${operation}`, traceHeader: expect.stringContaining(`Root=${ROOT};Parent=${recorded[0].id};Sampled=1`) }]);
});

testOnLinux('a client that the handler captures itself is recorded once', async () => {
  const { documents } = await environment.serve(binary('OwnCapture'), {});
  expect(documents.filter(document => document.namespace === 'aws')).toMatchObject([{ ...subsegment, aws: { operation: 'Scan' } }]);
});

testOnLinux('a client that is made without a configuration is recorded, too', async () => {
  const { documents, calls } = await environment.serve(binary('NoConfig'), {});
  expect(documents).toMatchObject([{ ...subsegment, aws: { operation: 'Scan', region: 'eu-west-1' } }]);
  expect(calls).toEqual([{ operation: 'DynamoDB_20120810.Scan', traceHeader: expect.stringContaining(`Parent=${documents[0].id};Sampled=1`) }]);
});

testOnLinux('the error of a handler is recorded, without what is secret in it', async () => {
  await expect(environment.serve(binary('Vendored'), {})).rejects.toThrow('at https://user:pass@host/path?query');
  expect(await environment.takeDocuments()).toMatchObject([{
    name: '## handler', parent_id: PARENT, fault: true, cause: { exceptions: [{ type: 'errorString', message: 'at https://host/path' }] },
  }]);
});

testOnLinux.each([['NoAws', '"plain"'], ['Untraced', '0'], ['Workspace', '"shared"'], ['WorkspaceUntraced', '"shared"']])('%s: nothing is recorded where there is no client or no instrumentation', async (id, answer) => {
  const { output, documents } = await environment.serve(binary(id), {});
  expect([output, documents]).toEqual([answer, []]);
});

test('the binary is for the function\'s architecture, static, and all that the package holds', () => {
  expect(machineOf(binary('PutItem'))).toBe(LOCAL.architecture.name);
  expect(machineOf(binary('OtherArchitecture'))).toBe(OTHER.architecture.name);
  expect(fs.readFileSync(binary('PutItem')).includes('/lib64/ld-linux')).toBe(false);
  expect(fs.readdirSync(packages.PutItem).sort()).toEqual(['LICENSE.cdk-traced-function', 'bootstrap']);
  expect(fs.readdirSync(packages.Untraced)).toEqual(['bootstrap']);
  expect((fs.statSync(binary('PutItem')).mode & 0o777).toString(8)).toBe('755');
});

test.each([['Count', 'Untraced'], ['Workspace', 'WorkspaceUntraced']])('%s: modules and settings of a traced binary are those of one that is not traced', (traced, untraced) => {
  const modulesOf = (id: string) => execFileSync('go', ['version', '-m', binary(id)], { encoding: 'utf8' }).split('\n').slice(1);
  expect(modulesOf(traced)).toEqual(modulesOf(untraced));
});

test('no path of this machine is in a binary', () => {
  const modules = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
  for (const id of Object.keys(packages)) {
    const contents = fs.readFileSync(binary(id));
    expect([id, [path.dirname(__dirname), packages[id], 'bundling-', modules].filter(text => contents.includes(text))]).toEqual([id, []]);
  }
});

test('the user\'s files stay as they are', () => {
  expect(directoryHash(fixture('go'))).toBe(filesBefore);
});

describe('bundling', () => {
  test('fails with the compiler\'s words when the code does not compile', () => {
    expect(bundlingError({ Broken: go('broken'), Fine: go('no-aws') }))
      .toMatch(/^cannot bundle 'Stack\/Broken': '\S*go build .*' ended with status 1 in .*broken:\n# broken\n\.\/main\.go:4:2: undefined: undefinedFunction \(TF\d{3}\)$/);
  });

  test('fails when the folder holds no program', () => {
    expect(bundlingError({ Inner: go('put-item/items') })).toMatch(/the Go package '\.\/items' in '.*put-item' is 'items' and not 'main'; set 'entry' to the folder of a program/);
  });

  const main = (imported: string) => `package main\n\nimport _ "${imported}"\n\nfunc main() {}\n`;

  test('fails with go\'s words alone when a module is not required', () => {
    const entry = projectFolder({ 'go.mod': 'module a\n\ngo 1.24\n', 'main.go': main('example.com/missing') });
    expect(bundlingError({ Function: { entry } })).toMatch(/ended with status 1 in .*:\nmain\.go:3:8: no required module provides package example\.com\/missing; to add it:\n\tgo get example\.com\/missing \(TF\d{3}\)$/);
  });

  test('fails with what to do for a module that its workspace does not know', () => {
    const entry = path.join(projectFolder({ 'go.work': 'go 1.24\n', 'api/go.mod': 'module a\n\ngo 1.24\n', 'api/main.go': 'package main\n\nfunc main() {}\n' }), 'api');
    expect(bundlingError({ Function: { entry } })).toMatch(/Name '.*api' in '.*go\.work' \('go work use \.' there\), or leave the workspace alone with Bundling\.go/);
  });

  test('fails with the file that needs C, and compiles it where that is wanted', () => {
    const entry = projectFolder({
      'go.mod': 'module c\n\ngo 1.21\n', 'main.go': 'package main\n\n// static int twice(int x) { return 2 * x; }\nimport "C"\n\nfunc main() { println(C.twice(21)) }\n',
    });
    expect(bundlingError({ Function: { entry } })).toMatch(/'.*main\.go' imports "C", and without cgo it is left out; set 'cgoEnabled: true' in Bundling\.go\(\) \(TF\d{3}\)$/);
    const bundling = (ldflags: string[]) => Bundling.go({ cgoEnabled: true, buildArgs: ldflags });
    const { Function: output } = bundle({ Function: { entry, ...LOCAL, bundling: bundling(['-ldflags "-linkmode external -extldflags -static"']) } });
    expect(printed(output)).toBe('42\n');
  });

  test('fails for a flag with a quote that has no end', () => {
    expect(bundlingError({ Function: { entry: flags, bundling: Bundling.go({ buildArgs: ['-ldflags "-s'] }) } })).toMatch(/'buildArgs' of Bundling\.go\(\): '-ldflags "-s' has a quote without an end/);
  });

  test('fails with where a program could be when the module\'s root has none', () => {
    const entry = projectFolder({ 'go.mod': 'module a\n\ngo 1.24\n', 'cmd/api/main.go': 'package main\n\nfunc main() {}\n' });
    expect(bundlingError({ Function: { entry } })).toMatch(/no Go files in .*\nSet 'entry' to the folder of a program, such as '.*cmd\/NAME' \(TF\d{3}\)$/);
  });

  testOnLinux.each([['Flags', '42 special\n'], ['FlagsForAShell', '4 2 special\n'], ['FlagsOfTheEnvironment', 'none special\n']])('%s: passes tags and arguments on', (id, text) => {
    expect(printed(packages[id])).toBe(text);
  });
});

function printed(packageDir: string): string {
  return execFileSync('sh', ['-c', `${path.join(packageDir, 'bootstrap')} 2>&1`], { encoding: 'utf8' });
}
