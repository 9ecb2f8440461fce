import * as path from 'path';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling, Instrumentation, PythonDependencies, PythonLayer } from '../../../lib';
import { projectRoot, pythonBundler } from '../../../lib/private/languages/python-bundler';
import { PythonJob } from '../../../lib/private/languages/python-job';
import { FutureConstruct } from '../../../lib/private/validation-error';
import { NODEJS_ENTRY, projectFolder, testStack, tracedFunction } from '../../test-app';

const HANDLER = 'def handler(event, context): ...\n';

describe('relative imports', () => {
  test.each<[string, Record<string, string>, string, string | undefined, RegExp]>([
    ['of a file in a package', { 'shop/__init__.py': '', 'shop/app.py': `from .rules import ok\n${HANDLER}`, 'shop/rules.py': '' }, 'shop/app.py', undefined,
      /shop\/app\.py' has the relative import 'from \.rules import ok', .* set 'entry' to '.*<root>' and 'handler' to 'shop\.app\.handler'/],
    ['of a folder that is a package', { 'shop/__init__.py': '', 'shop/app.py': `from . import rules\n${HANDLER}`, 'shop/rules.py': '' }, 'shop', undefined,
      /set 'entry' to '.*<root>' and 'handler' to 'shop\.app\.handler'/],
    ['of a package within a package', { 'a/__init__.py': '', 'a/b/__init__.py': '', 'a/b/app.py': `from ..c import d\n${HANDLER}`, 'a/c.py': '' }, 'a', 'b.app.handler',
      /set 'entry' to '.*<root>' and 'handler' to 'a\.b\.app\.handler'/],
    ['of a module that the handler imports', { 'fn/app.py': `import rules\n${HANDLER}`, 'fn/rules.py': 'from .more import x\n', 'fn/more.py': '' }, 'fn', undefined,
      /fn\/rules\.py' has the relative import 'from \.more import x', .* set 'entry' to '.*<root>' and 'handler' to 'fn\.app\.handler'/],
  ])('%s fail, with the handler to write', (_, files, entry, handler, message) => {
    const root = projectFolder(files);
    let text = '';
    try {
      tracedFunction({ entry: path.join(root, entry), handler });
    } catch (error) {
      text = (error as Error).message.replaceAll(path.relative(process.cwd(), root), '<root>');
    }
    expect(text).toMatch(message);
  });

  test('that Python can follow, or does not come to, are right', () => {
    const shop = { 'shop/__init__.py': 'from .rules import ok\n', 'shop/rules.py': '', 'shop/app.py': `from . import rules\nfrom .rules import ok\n${HANDLER}`, 'more.py': '' };
    const guarded = `"""\nfrom .docs import x\n"""\ntry:\n    from .rules import ok\nexcept ImportError:\n    from rules import ok\n${HANDLER}`;
    tracedFunction({ entry: projectFolder(shop), handler: 'shop.app.handler' });
    tracedFunction({ entry: projectFolder(shop), handler: 'shop/app.handler' });
    tracedFunction({ entry: projectFolder({ 'app.py': guarded, 'rules.py': 'ok = 1' }) });
  });
});

test.each([
  ['beside it', { 'requirements.txt': 'six', 'fn/requirements.txt': 'attrs' }, 'fn'],
  ['above it', { '.git/HEAD': '', 'requirements.txt': 'six', 'fn/a/b.py': '' }, '.'],
  ['beyond the repository', { 'requirements.txt': 'six', 'fn/.git/HEAD': '' }, 'fn'],
  ['above it, but the app\'s own', { '.git/HEAD': '', 'requirements.txt': 'aws-cdk-lib==2.1.0\n' }, 'fn'],
  ['nowhere', { '.git/HEAD': '' }, 'fn'],
])('the requirements of a handler\'s file are looked for, and lie %s', (_, files, folder) => {
  const root = projectFolder({ ...files, 'fn/app.py': HANDLER });
  const { job } = pythonBundler.bind({
    scope: new FutureConstruct('F', 'F'), entry: path.join(root, 'fn', 'app.py'), runtime: lambda.Runtime.PYTHON_3_13, architecture: 'x86_64', instrumentation: 'none',
    captureOptions: {}, instrumentedByLayer: false, sdkInLayer: false, options: {},
  } as unknown as Parameters<typeof pythonBundler.bind>[0]);
  expect((job as unknown as PythonJob).projectDir).toBe(path.join(root, folder));
});

test('links may lead anywhere in the repository, else in the folder of the app', () => {
  const root = projectFolder({ '.git/HEAD': '', 'fn/app.py': '' });
  expect(projectRoot(path.join(root, 'fn'))).toBe(root);
  const alone = projectFolder({ 'fn/app.py': '' });
  expect(projectRoot(path.join(alone, 'fn'))).toBe(path.join(alone, 'fn'));
});

describe('a layer for several functions', () => {
  test('is for its runtime and architecture', () => {
    const stack = testStack();
    const layer = new PythonLayer(stack, 'Common', { entry: projectFolder({ 'common.py': '' }), architecture: lambda.Architecture.ARM_64, description: 'ours' });
    tracedFunction({ entry: projectFolder({ 'app.py': HANDLER }), instrumentation: Instrumentation.none() });
    expect(layer.compatibleRuntimes).toEqual([lambda.Runtime.PYTHON_3_14]);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleRuntimes: ['python3.14'], CompatibleArchitectures: ['arm64'], Description: 'ours' });
  });

  test.each<[string, Partial<ConstructorParameters<typeof PythonLayer>[2]>, RegExp]>([
    ['a file', { entry: NODEJS_ENTRY }, /PythonLayer 'Stack\/Common': the entry '.*' is no folder/],
    ['another runtime', { runtime: lambda.Runtime.NODEJS_22_X }, /runtime 'nodejs22\.x' is not Python's/],
    ['options of another language', { bundling: Bundling.go({}) }, /bundling is Bundling\.go\(\), but the layer is Python/],
    ['a layer of its own', { bundling: Bundling.python({ dependencies: PythonDependencies.ownLayer() }) }, /ownLayer\(\) would have no effect/],
  ])('fails with %s', (_, props, message) => {
    expect(() => new PythonLayer(testStack(), 'Common', { entry: projectFolder({ 'common.py': '' }), ...props })).toThrow(message);
  });
});
