import * as fs from 'fs';
import * as path from 'path';
import { Bundling, Instrumentation, PythonDependencies, SdkDelivery, TracedFunctionProps } from '../../../../lib';
import { LambdaEnvironment, PARENT, ROOT } from '../../../lambda-environment';
import { LOCAL_PYTHON } from '../../../local-python';
import { bundle, bundlingError } from '../../../packages';
import { projectFolder, temporaryFolder } from '../../../test-app';

const bundling = Bundling.python({ dependencies: PythonDependencies.ownLayer() });

/** Records a subsegment, with a package that it requires, so that both have to be found. */
const HANDLER = `
import six
from aws_xray_sdk.core import xray_recorder

@xray_recorder.capture("work")
def handler(event, context):
    return six.__version__
`;

function ownLayer(files: Record<string, string>, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps {
  return { entry: projectFolder({ 'handler.py': HANDLER, 'requirements.txt': '-r more.txt\n', 'more.txt': 'six==1.17.0\n', ...files }), bundling, ...LOCAL_PYTHON, ...more };
}

const functions = {
  Function: ownLayer({}),
  SharedSdk: ownLayer({}, { sdkDelivery: SdkDelivery.sharedLayer() }),
  NoRequirements: ownLayer({ 'requirements.txt': '' }),
};
let packages: Record<string, string>;

function names(...folder: string[]): string[] {
  return fs.readdirSync(path.join(...folder)).filter(name => !name.endsWith('.dist-info')).sort();
}

const { CDK_TRACED_FUNCTION_CACHE: setting } = process.env;
beforeAll(() => {
  process.env.CDK_TRACED_FUNCTION_CACHE = temporaryFolder();
  // What is changed at the moment of a synth might change once more unseen, so it would not be kept.
  const old = new Date(Date.now() - 10_000);
  fs.readdirSync(functions.Function.entry).forEach(name => fs.utimesSync(path.join(functions.Function.entry, name), old, old));
  packages = bundle(functions);
});
afterAll(() => { process.env.CDK_TRACED_FUNCTION_CACHE = setting; });

test('the package holds the function\'s code only, the layer all that it requires', () => {
  expect(names(packages.Function)).toEqual(['cdk_traced_function', 'handler.py', 'more.txt', 'requirements.txt']);
  expect(names(packages.FunctionDependencies)).toEqual(['python']);
  expect(names(packages.FunctionDependencies, 'python')).toEqual(['aws_xray_sdk', 'six.py', 'wrapt']);
});

test('the function runs with its layer, and is traced', async () => {
  const environment = await LambdaEnvironment.start();
  try {
    const run = ['python3', '-B', '-c', 'import cdk_traced_function as module; print(module.handler({}, None))'];
    const pythonPath = [packages.Function, path.join(packages.FunctionDependencies, 'python'), botocore()];
    const { output, documents } = await environment.run(run, packages.Function, { PYTHONPATH: pythonPath.join(path.delimiter) });
    expect(output).toBe('1.17.0');
    expect(documents).toMatchObject([{ name: 'work', trace_id: ROOT, parent_id: PARENT }]);
  } finally {
    await environment.stop();
  }
});

/** What the SDK imports of it when nothing calls AWS; the runtime has all of it. */
function botocore(): string {
  return projectFolder({ 'botocore/__init__.py': '', 'botocore/exceptions.py': 'class ClientError(Exception):\n    pass\n' });
}

test('a changed line of code changes the package and not the layer, a changed requirement changes the layer', () => {
  const { entry } = functions.Function;
  fs.appendFileSync(path.join(entry, 'handler.py'), '# changed\n');
  const changedCode = bundle({ Function: functions.Function });
  expect(path.basename(changedCode.Function)).not.toBe(path.basename(packages.Function));
  expect(path.basename(changedCode.FunctionDependencies)).toBe(path.basename(packages.FunctionDependencies));

  fs.writeFileSync(path.join(entry, 'more.txt'), 'six==1.16.0\n');
  const changedRequirement = bundle({ Function: functions.Function });
  expect(path.basename(changedRequirement.FunctionDependencies)).not.toBe(path.basename(packages.FunctionDependencies));
});

test('a shared layer of the SDK leaves it out of the function\'s own', () => {
  expect(names(packages.SharedSdk)).toEqual(['cdk_traced_function', 'handler.py', 'more.txt', 'requirements.txt']);
  expect(names(packages.SharedSdkDependencies, 'python')).toEqual(['six.py']);
  const shared = Object.keys(packages).find(id => id.startsWith('TracingLayerpython'))!;
  expect(names(packages[shared])).toEqual(['python']);
  expect(names(packages[shared], 'python')).toEqual(['aws_xray_sdk', 'wrapt']);
});

test('a function without requirements has the SDK in its layer', () => {
  expect(names(packages.NoRequirementsDependencies, 'python')).toEqual(['aws_xray_sdk', 'wrapt']);
});

test('fails when there is nothing for the layer', () => {
  expect(bundlingError({ Function: ownLayer({ 'requirements.txt': '# none\n' }, { instrumentation: Instrumentation.none() }) }))
    .toMatch(/^cannot bundle 'Stack\/Function\/Dependencies': there is nothing for the layer of dependencies: '.*' requires no package \(looked in uv\.lock, requirements\.txt/);
});
