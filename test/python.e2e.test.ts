import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LambdaEnvironment, PARENT, ROOT } from './lambda-environment';
import { installUv, LOCAL_PYTHON, withoutUv } from './local-python';
import { bundle, bundlingError, packageFolders } from './packages';
import { PYTHON_ENTRY, projectFolder, temporaryFolder, testApp } from './test-app';
import { Bundling, Instrumentation, PythonInstaller, SdkDelivery, TracedFunction, TracedFunctionProps } from '../lib';

const HANDLER = 'def handler(event, context):\n    return "plain"\n';
const PUT_ITEM = fs.readFileSync(path.join(PYTHON_ENTRY, 'handler.py'), 'utf8');

function python(files: Record<string, string>, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps {
  return { entry: projectFolder({ 'handler.py': HANDLER, ...files }), ...LOCAL_PYTHON, ...more };
}

/** Name and version of every distribution in a package, such as `six-1.17.0`. */
function distributions(folder: string): string[] {
  return fs.readdirSync(folder).filter(name => name.endsWith('.dist-info')).map(name => name.replace('.dist-info', '')).sort();
}

function compiledFiles(folder: string): string[] {
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.so'));
}

/** A requirement that is a project in a folder of the function; `-e` would leave a link to it. */
const localProject = {
  'requirements.txt': '-e ./libs/common\n',
  'libs/common/common/__init__.py': '',
  'libs/common/pyproject.toml': '[project]\nname = "common"\nversion = "1.0"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
};

const MARKERS = [
  'six==1.17.0 ; python_version >= "3.14" and platform_machine == "aarch64" and sys_platform == "linux"',
  'no-such-package-anywhere==1 ; python_version < "3.14" or platform_machine == "x86_64"',
].join('\n');
const SIX = 'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274';
const XRAY_SDK = 'aws-xray-sdk==2.15.0 \\\n    --hash=sha256:422d62ad7d52e373eebb90b642eb1bb24657afe03b22a8df4a8b2e5108e278a3';

/** What an installer has a hand in, of every kind: bundled with uv and with pip. */
function installed(): Record<string, TracedFunctionProps> {
  return {
    Plain: { entry: PYTHON_ENTRY, ...LOCAL_PYTHON },
    Arm: python({}, { runtime: lambda.Runtime.PYTHON_3_13, architecture: lambda.Architecture.ARM_64 }),
    X86: python({}, { runtime: lambda.Runtime.PYTHON_3_14, architecture: lambda.Architecture.X86_64 }),
    OwnSdk: python({ 'requirements.txt': '-r more.txt\nsix==1.17.0  # comment\n', 'more.txt': 'aws_xray_sdk == 2.14.0\nwrapt==1.16.0\n' }),
    LocalProject: python(localProject, { instrumentation: Instrumentation.none() }),
    // Not this machine's version, and perhaps not its architecture.
    Markers: python({ 'requirements.txt': MARKERS }, { runtime: lambda.Runtime.PYTHON_3_14, architecture: lambda.Architecture.ARM_64 }),
    Hashes: python({ 'requirements.txt': `--require-hashes\n${SIX}\n` }),
    SdkHash: python({ 'requirements.txt': `${XRAY_SDK}\n` }),
    // An old version needs more than wrapt, which the construct's own pin is not to change.
    OldSdk: python({ 'requirements.txt': 'aws-xray-sdk==2.6.0\nsix==1.16.0\n' }, { runtime: lambda.Runtime.PYTHON_3_11 }),
    Constrained: python({ 'requirements.txt': '-c pins.txt\n', 'pins.txt': 'aws-xray-sdk==2.14.0\nwrapt==1.16.0\n' }),
    SourceOnly: python({ 'requirements.txt': 'docopt==0.6.2\n' }, { runtime: lambda.Runtime.PYTHON_3_14, architecture: lambda.Architecture.ARM_64 }),
    Package: python({
      'pyproject.toml': '[project]\nname = "shop"\nversion = "1.2"\n[project.entry-points.x]\na = "shop:a"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
      'src/shop/__init__.py': '',
      'src/shop/notes.md': '',
      'src/shop/api.py': 'from importlib import metadata\nimport six\ndef handler(event, context):\n    return [metadata.version("shop"), len(metadata.files("six")) > 3, metadata.entry_points(group="x")["a"].value]\n',
      'requirements.txt': 'six==1.17.0\n',
    }, { handler: 'shop.api.handler', bundling: Bundling.python({ exclude: ['*.md'] }), instrumentation: Instrumentation.none() }),
    SetupPy: python({ 'setup.py': 'from setuptools import setup\nsetup(name="legacy", version="1", py_modules=["handler"], install_requires=["six==1.17.0"])\n' }),
  };
}

function withUv<T>(work: () => T): T {
  const { PATH } = process.env;
  process.env.PATH = `${uv}${path.delimiter}${PATH}`;
  try {
    return work();
  } finally {
    process.env.PATH = PATH;
  }
}

const SDK = ['aws_xray_sdk-2.15.0', 'wrapt-1.17.3'];

let packages: Record<string, string>;
let environment: LambdaEnvironment;
let uv: string;
const uvLocked = projectFolder({
  'handler.py': HANDLER,
  'pyproject.toml': '[project]\nname = "locked"\nversion = "1.0.0"\nrequires-python = ">=3.11"\ndependencies = ["six<1.17", "aws-xray-sdk<2.15"]\n',
});

beforeAll(async () => {
  environment = await LambdaEnvironment.start();
  uv = installUv(temporaryFolder());
  // Made here: a lock file carries the address of the registry that was used.
  execFileSync(path.join(uv, 'uv'), ['lock', '--quiet'], { cwd: uvLocked, stdio: ['ignore', 'inherit', 'inherit'] });
  packages = withUv(() => bundle({
    ...installed(),
    Boto: python({ 'handler.py': PUT_ITEM, 'requirements.txt': 'boto3==1.40.0\n' }),
    Pyproject: python({ 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\ndependencies = ["six==1.17.0"]\n[tool.poetry]\n' }),
    UvLock: { entry: uvLocked, ...LOCAL_PYTHON },
    Layer: python({ 'handler.py': PUT_ITEM, 'requirements.txt': 'aws-xray-sdk\n' }, { sdkDelivery: SdkDelivery.sharedLayer() }),
    Untraced: python({}, { instrumentation: Instrumentation.none() }),
    Nested: python({ 'api/items.py': PUT_ITEM, 'api/__init__.py': '' }, { handler: 'api/items.handler' }),
    Sources: python({ 'bin/tool': '#!/bin/sh', 'tests/a.py': '', 'docs/plan.md': '', 'docs/kept.md': '', '.venv/x': '', 'pkg/__pycache__/x.pyc': '' },
      { bundling: Bundling.python({ exclude: ['tests', 'docs/plan.md'] }) }),
  }));
});
afterAll(async () => environment.stop());

const RUN = `
import importlib, json, sys
module, name = sys.argv[1].rsplit(".", 1)
print(json.dumps(getattr(importlib.import_module(module), name)({"id": "a"}, None)))`;

/** Runs a package's handler; the folders come first in Python's path, then what this machine's Python has. */
async function invoke(id: string, { handler = 'cdk_traced_function.handler', layers = [] as string[] } = {}) {
  return environment.run(['python3', '-B', '-c', RUN, handler], packages[id], { PYTHONPATH: [packages[id], ...layers].join(path.delimiter) });
}

const putItem = { name: 'dynamodb', namespace: 'aws', trace_id: ROOT, parent_id: PARENT, aws: { operation: 'PutItem', table_name: 'items', request_id: 'REQUEST' } };

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const testWithBoto3 = hasBoto3() ? test : test.skip;
if (!hasBoto3()) {
  console.warn("The tests of packages that leave boto3 to the runtime are skipped: this machine's python3 has none; run 'python3 -m pip install boto3'");
}

test('a function that brings boto3 is captured, and keeps all parts of it', async () => {
  const { output, documents, calls } = await invoke('Boto');
  expect(output).toBe('"a"');
  expect(documents).toMatchObject([putItem]);
  expect(calls).toEqual([{ operation: 'DynamoDB_20120810.PutItem', traceHeader: `Root=${ROOT};Parent=${documents[0].id};Sampled=1` }]);
  expect(distributions(packages.Boto)).toEqual(expect.arrayContaining(['boto3-1.40.0', expect.stringMatching(/^botocore-1\.40\./), expect.stringMatching(/^s3transfer-/)]));
});

testWithBoto3.each(['Plain', 'Nested'])('%s: a function that leaves boto3 to the runtime is captured', async id => {
  const { output, documents } = await invoke(id);
  expect([output, documents]).toMatchObject(['"a"', [putItem]]);
});

testWithBoto3('with the layer the SDK is in the layer and not in the package', async () => {
  const layer = path.join(packages[Object.keys(packages).find(id => id.startsWith('TracingLayerpython'))!], 'python');
  const { documents } = await invoke('Layer', { layers: [layer] });
  expect(documents).toMatchObject([putItem]);
  expect(distributions(packages.Layer)).toEqual([]);
  expect(distributions(layer)).toEqual(SDK);
  expect(compiledFiles(layer)).toEqual([]);
});

test('a function without requirements gets the SDK, and nothing that the runtime has', () => {
  expect(distributions(packages.Plain)).toEqual(SDK);
  expect(fs.readdirSync(packages.Plain).filter(name => !name.endsWith('.dist-info')).sort()).toEqual(['aws_xray_sdk', 'cdk_traced_function', 'handler.py', 'wrapt']);
});

test('the version of the SDK is the project\'s own, also when an included file names it', () => {
  expect(distributions(packages.OwnSdk)).toEqual(['aws_xray_sdk-2.14.0', 'six-1.17.0', 'wrapt-1.16.0']);
});

test('requirements come from pyproject.toml', () => {
  expect(distributions(packages.Pyproject)).toEqual([SDK[0], 'six-1.17.0', SDK[1]]);
});

test('requirements come from uv.lock, with the versions in it', () => {
  const found = distributions(packages.UvLock);
  expect(found).toEqual(expect.arrayContaining(['six-1.16.0', 'aws_xray_sdk-2.14.0']));
  expect(found.filter(name => name.startsWith('botocore'))).toEqual([]);
  const [, locked] = /name = "wrapt"\nversion = "(.*)"/.exec(fs.readFileSync(path.join(uvLocked, 'uv.lock'), 'utf8'))!;
  expect(found).toContain(`wrapt-${locked}`);
});

test('a project in a folder is installed, and its folder stays as it was', () => {
  expect(distributions(packages.LocalProject)).toEqual(['common-1.0']);
  expect(fs.existsSync(path.join(packages.LocalProject, 'common', '__init__.py'))).toBe(true);
  expect(fs.readdirSync(path.join(packages.LocalProject, 'libs', 'common')).sort()).toEqual(['common', 'pyproject.toml']);
});

test('markers are those of the function\'s platform', () => {
  expect(distributions(packages.Markers)).toEqual([SDK[0], 'six-1.17.0', SDK[1]]);
});

test('hashes that the project demands are checked, and not demanded of what the construct adds', () => {
  expect(distributions(packages.Hashes)).toEqual([SDK[0], 'six-1.17.0', SDK[1]]);
  expect(distributions(packages.SdkHash)).toEqual(SDK);
  expect(withoutUv(() => bundlingError({ Function: python({ 'requirements.txt': SIX.replace(':4', ':5') }) }))).toMatch(/DO NOT MATCH THE HASHES/);
});

test('the project\'s own version of the SDK has what it needs, and one that cannot work is refused with the lowest that can', () => {
  expect(distributions(packages.OldSdk)).toEqual(expect.arrayContaining(['aws_xray_sdk-2.6.0', expect.stringMatching(/^jsonpickle-/), 'six-1.16.0']));
  expect(distributions(packages.OldSdk).filter(name => name.startsWith('boto'))).toEqual([]);
  expect(distributions(packages.Constrained)).toEqual(['aws_xray_sdk-2.14.0', 'wrapt-1.16.0']);
  expect(bundlingError({ Function: python({ 'requirements.txt': 'aws-xray-sdk==2.6.0\n' }, { runtime: lambda.Runtime.PYTHON_3_14 }) }))
    .toMatch(/pin aws-xray-sdk 2\.6\.0, which cannot work with Python 3\.14; the lowest version that does is 2\.10\.0: /);
});

test('what is published as source only is built, and refused by name where that compiles something', () => {
  expect(distributions(packages.SourceOnly)).toEqual([SDK[0], 'docopt-0.6.2', SDK[1]]);
  const props = python({ 'requirements.txt': 'wrapt==1.10.11\n' }, { runtime: lambda.Runtime.PYTHON_3_14, architecture: lambda.Architecture.ARM_64, instrumentation: Instrumentation.none() });
  expect(withUv(() => bundlingError({ Function: props }))).toMatch(/'wrapt' 1\.10\.11 has no wheel for Python 3\.14 on arm64, and what was built from its source holds code that was compiled/);
});

test('the project itself is installed where it says that it is a package, and lists of installed files can be read', async () => {
  expect(distributions(packages.Package)).toEqual(['shop-1.2', 'six-1.17.0']);
  expect(fs.readdirSync(path.join(packages.Package, 'shop')).sort()).toEqual(['__init__.py', 'api.py']);
  expect((await invoke('Package', { handler: 'shop.api.handler' })).output).toBe('["1.2", true, "shop:a"]');
  expect(fs.readFileSync(path.join(packages.Plain, 'wrapt-1.17.3.dist-info', 'RECORD'), 'utf8')).toContain('wrapt/__init__.py,sha256=');
  expect(distributions(packages.SetupPy)).toEqual([SDK[0], 'legacy-1', 'six-1.17.0', SDK[1]]);
});

test('the hashes of a uv.lock are checked', () => {
  const entry = projectFolder({
    ...Object.fromEntries(['handler.py', 'pyproject.toml'].map(name => [name, fs.readFileSync(path.join(uvLocked, name), 'utf8')])),
    'uv.lock': fs.readFileSync(path.join(uvLocked, 'uv.lock'), 'utf8').replaceAll(/sha256:[0-9a-f]{8}/g, 'sha256:00000000'),
  });
  expect(withUv(() => bundlingError({ Function: { entry, ...LOCAL_PYTHON } }))).toMatch(/Hash mismatch for `/);
});

test('functions with different indexes share no package', () => {
  const wheels = ['1', '2'].map(number => {
    const project = projectFolder({ ...localProject, 'libs/common/common/__init__.py': `INDEX = ${number}\n` });
    execFileSync('python3', ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', 'wheels', './libs/common'], { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
    return path.join(project, 'wheels');
  });
  const none = { instrumentation: Instrumentation.none() };
  const toml = (folder: string) => `no-index = true\nfind-links = ["${folder}"]\n`;
  const index = (folder: string) => {
    const [wheel] = fs.readdirSync(folder);
    fs.mkdirSync(path.join(folder, 'simple', 'common'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'simple', 'common', 'index.html'), `<a href="../../${wheel}">${wheel}</a>`);
    return `file://${folder}/simple`;
  };
  const requirements = { 'requirements.txt': 'common==1.0\n' };
  const functions = {
    UvToml: python({ ...requirements, 'uv.toml': toml(wheels[0]) }, none),
    UvTable: python({ ...requirements, 'pyproject.toml': `[tool.uv]\n${toml(wheels[1])}` }, none),
    PipConf: python({ ...requirements, 'pip.conf': `[global]\nindex-url = ${index(wheels[0])}\n` }, none),
    PipConf2: python({ ...requirements, 'pip.conf': `[global]\nindex-url = ${index(wheels[1])}\n` }, { ...none, bundling: Bundling.python({ installer: PythonInstaller.pip() }) }),
  };
  const made = withUv(() => bundle(functions));
  expect(Object.keys(functions).map(id => fs.readFileSync(path.join(made[id], 'common', '__init__.py'), 'utf8'))).toEqual(['INDEX = 1\n', 'INDEX = 2\n', 'INDEX = 1\n', 'INDEX = 2\n']);
  expect(fs.readdirSync(made.PipConf)).not.toContain('pip.conf');
});

test('a member of a uv workspace has what the lock file of the workspace says, other members included', () => {
  const build = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n';
  const project = (name: string, more = '') => `[project]\nname = "${name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n${more}\n${build}`;
  const folder = projectFolder({
    'pyproject.toml': '[project]\nname = "root"\nversion = "1.0"\nrequires-python = ">=3.11"\n[tool.uv.workspace]\nmembers = ["packages/*"]\n',
    'packages/common/pyproject.toml': project('common'),
    'packages/common/src/common/__init__.py': '',
    'packages/api/pyproject.toml': project('api', 'dependencies = ["common"]\n[tool.uv.sources]\ncommon = { workspace = true }'),
    'packages/api/src/api/app.py': 'def handler(event, context): pass\n',
    'packages/api/src/api/__init__.py': '',
  });
  execFileSync(path.join(uv, 'uv'), ['lock', '--quiet'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const props = { entry: path.join(folder, 'packages', 'api'), handler: 'api.app.handler', ...LOCAL_PYTHON, instrumentation: Instrumentation.none() };
  const { Function: output } = withUv(() => bundle({ Function: props }));
  expect(fs.readdirSync(output).sort()).toEqual(['api', 'api-1.0.dist-info', 'common', 'common-1.0.dist-info']);
});

test('what is built from source for another platform than the function\'s is refused', () => {
  const project = { ...localProject, 'requirements.txt': './libs/common\n', 'libs/common/common/x.cpython-27-x86_64-linux-gnu.so': '' };
  project['libs/common/pyproject.toml'] += '[tool.setuptools.package-data]\ncommon = ["*.so"]\n';
  expect(bundlingError({ Function: python(project) }))
    .toMatch(/'common\/x\.cpython-27-x86_64-linux-gnu\.so' was compiled for this machine, and not for Python 3\.\d+ on \w+, .*; set 'runtime' and 'architecture' to this machine's/);
});

test('a project with a folder src has its modules at the root of the package, and its own requirements', () => {
  const files = { 'src/shop/api.py': 'def handler(event, context): pass\n', 'src/shop/__init__.py': '', 'requirements.txt': 'six==1.17.0\n', 'tests/test_api.py': '' };
  const props = { entry: projectFolder(files), handler: 'shop.api.handler', ...LOCAL_PYTHON, instrumentation: Instrumentation.none() };
  const { Function: output } = bundle({ Function: props, Found: { ...props, entry: projectFolder({ ...files, 'src/app.py': 'def handler(event, context): pass\n' }), handler: undefined } });
  expect(fs.readdirSync(output).sort()).toEqual(['shop', 'six-1.17.0.dist-info', 'six.py']);
});

test('wheels are those of the runtime\'s version and architecture', () => {
  expect(compiledFiles(packages.Arm)).toEqual([expect.stringMatching(/cpython-313-aarch64-linux-gnu\.so$/)]);
  expect(compiledFiles(packages.X86)).toEqual([expect.stringMatching(/cpython-314-x86_64-linux-gnu\.so$/)]);
});

test('a function without instrumentation holds its sources only', async () => {
  expect(fs.readdirSync(packages.Untraced)).toEqual(['handler.py']);
  expect((await invoke('Untraced', { handler: 'handler.handler' })).output).toBe('"plain"');
});

test('sources are copied but for what is excluded or of no use on Lambda', () => {
  const files = fs.readdirSync(packages.Sources, { recursive: true, encoding: 'utf8' }).map(name => name.split(path.sep).join('/'));
  expect(files).toEqual(expect.arrayContaining(['bin/tool', 'docs/kept.md', 'handler.py', 'pkg']));
  expect(files.filter(name => /plan\.md|tests|\.venv|__pycache__|\.pyc$|^bin\/(?!tool)|INSTALLER/.test(name))).toEqual([]);
});

test('a package holds no path of this machine', () => {
  for (const id of ['Plain', 'Boto', 'UvLock']) {
    const files = fs.readdirSync(packages[id], { recursive: true, encoding: 'utf8' }).map(name => path.join(packages[id], name)).filter(file => fs.statSync(file).isFile());
    expect(files.filter(file => /cdk-traced-function-test-|bundling-/.test(fs.readFileSync(file, 'latin1')) || fs.readFileSync(file, 'latin1').includes(PYTHON_ENTRY))).toEqual([]);
  }
});

test('pip makes the same packages as uv', () => {
  for (const [id, folder] of Object.entries(withoutUv(() => bundle(installed())))) {
    expect(`${id} ${path.basename(folder)}`).toBe(`${id} ${path.basename(packages[id])}`);
  }
});

describe('sources', () => {
  const none = { instrumentation: Instrumentation.none() };

  test('behind a link within the project are copied', () => {
    const { entry, ...props } = python({ 'shared/deep.py': 'y = 2' }, none);
    fs.symlinkSync('shared', path.join(entry, 'linked'));
    const { Function: output } = bundle({ Function: { entry, ...props } });
    expect(fs.readFileSync(path.join(output, 'linked', 'deep.py'), 'utf8')).toBe('y = 2');
    expect(fs.lstatSync(path.join(output, 'linked')).isSymbolicLink()).toBe(false);
  });

  test('in which secrets are kept make a warning, also when the package is an earlier synth\'s', () => {
    const { CDK_TRACED_FUNCTION_CACHE: setting } = process.env;
    process.env.CDK_TRACED_FUNCTION_CACHE = temporaryFolder();
    try {
      const { entry } = python({ '.env': 'TOKEN=1', 'secret.env': '' });
      const old = new Date(Date.now() - 10_000);
      fs.readdirSync(entry).forEach(name => fs.utimesSync(path.join(entry, name), old, old));
      for (const time of ['first', 'second']) {
        const app = testApp();
        const stack = new Stack(app, 'Stack');
        new TracedFunction(stack, 'Function', { entry, ...LOCAL_PYTHON, ...none });
        const messages = app.synth().getStackByName('Stack').messages.map(({ level, id, entry: { data } }) => `${time} ${level} ${id} ${data}`);
        expect(messages).toEqual([
          expect.stringMatching(new RegExp(`^${time} warning /Stack/Function '\\.env' of '.*' is not packed.*\\[ack: cdk-traced-function:secretLeftOut\\]$`)),
          expect.stringMatching(new RegExp(`^${time} warning /Stack/Function 'secret\\.env' \\(by its name\\) of .*\\[ack: cdk-traced-function:secretPacked\\]$`)),
        ]);
      }
    } finally {
      process.env.CDK_TRACED_FUNCTION_CACHE = setting;
    }
  });

  test('may have the app\'s output folder inside', () => {
    const { entry } = python({});
    const stack = new Stack(new App({ outdir: path.join(entry, 'out') }), 'Stack');
    new TracedFunction(stack, 'Function', { entry, ...none });
    expect(fs.readdirSync(packageFolders(stack).Function)).toEqual(['handler.py']);
  });
});

describe('bundling', () => {
  test('fails with a requirement that exists nowhere, and names it', () => {
    const props = python({ 'requirements.txt': 'no-such-package-anywhere==1.0.0\n' }, { instrumentation: Instrumentation.none() });
    const message = withoutUv(() => bundlingError({ Function: props }));
    expect(message).toMatch(/^cannot bundle 'Stack\/Function': cannot install the requirements for Python 3\.\d+ on \w+ with pip [\d.]+ \(no-such-package-anywhere==1\.0\.0\)/);
    expect(message).toContain('No matching distribution found for no-such-package-anywhere==1.0.0');
    expect(message.match(/--platform/g)).toHaveLength(1);
  });

  test('fails without showing the password of an index', () => {
    const message = bundlingError({ Function: python({ 'requirements.txt': '--index-url http://me:secret@127.0.0.1:9/simple\n--no-index\nsix==0.0.0\n' }) });
    expect(message).toContain('http://***@127.0.0.1:9/simple');
    expect(message).not.toContain('secret');
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['an included file that is not there', { 'requirements.txt': '-r gone.txt' }, /cannot find the requirements file '.*gone\.txt', which '.*requirements\.txt' includes/],
    ['dependencies for Poetry only', { 'pyproject.toml': '[tool.poetry.dependencies]\nsix = "*"\n' }, /pyproject\.toml' lists its dependencies for Poetry only; move them to \[project\]/],
    ['a pyproject.toml that is none', { 'pyproject.toml': 'this is = not toml' }, /pyproject\.toml' is not valid TOML: /],
    ['a uv.lock without its project', { 'uv.lock': 'version = 1\n' }, /No `pyproject\.toml` found/],
  ])('fails with %s', (_, files, message) => {
    expect(bundlingError({ Function: python(files, { instrumentation: Instrumentation.none() }) })).toMatch(message);
  });

  test('fails when the handler is excluded', () => {
    const bundling = Bundling.python({ exclude: ['handler.py'] });
    expect(bundlingError({ Function: python({}, { bundling, instrumentation: Instrumentation.none() }) }))
      .toMatch(/the finished package of '.*' has no module 'handler' \(looked for handler\.py, handler\/__init__\.py\); take it off 'exclude'/);
  });

  test('fails when an argument takes the SDK away', () => {
    const bundling = Bundling.python({ installArgs: ['--dry-run'] });
    expect(bundlingError({ Function: python({}, { bundling }) })).toMatch(/the finished package of '.*' has no module 'aws_xray_sdk'/);
  });
});
