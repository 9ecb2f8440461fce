import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Bundling, Instrumentation, TracedFunction } from '../../../lib';
import { packageSize } from '../../../lib/private/bundling/package-size';
import { projectFolder, testApp } from '../../test-app';

const MEGABYTE = 1_048_576;

/** A function in Python with data of that size, of which the file system keeps nothing. */
function functionOf(app: App, megabytes: number): TracedFunction {
  const entry = projectFolder({ 'handler.py': 'def handler(event, context): pass\n', 'data/README': 'large' });
  const file = path.join(entry, 'data', 'model.bin');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, Math.ceil(megabytes * MEGABYTE));
  return new TracedFunction(new Stack(app, 'Stack'), 'Function', { entry, instrumentation: Instrumentation.none(), bundling: Bundling.python({}) });
}

test('a package that Lambda would refuse is refused at synth, with its largest parts', () => {
  const app = testApp();
  functionOf(app, 250);
  expect(() => app.synth()).toThrow(/^TracedFunction 'Stack\/Function': the function has 250\.0 MB without compression, .* Lambda takes less than 250 MB\. .*:\n +250\.0 MB {2}data\n +0\.00 MB {2}handler\.py\n \(TF130\)$/);
});

test('one that is close to it is warned of', () => {
  const app = testApp();
  const fn = functionOf(app, 201);
  Template.fromStack(Stack.of(fn));
  Annotations.fromStack(Stack.of(fn)).hasWarning('/Stack/Function', Match.stringLikeRegexp('the function has 201\\.0 MB without compression'));
});

test('a folder of libraries is counted by what lies in it', () => {
  const directory = projectFolder({ 'python/six.py': 'x'.repeat(10), 'python/pkg/a.py': 'x'.repeat(20), 'python/pkg/b.py': 'x', 'app.py': '' });
  expect(packageSize({ path: directory })).toEqual({
    bytes: 31, parts: [{ name: 'python/pkg', bytes: 21 }, { name: 'python/six.py', bytes: 10 }, { name: 'app.py', bytes: 0 }],
  });
});

test('sizes are printed where they are asked for', () => {
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation(line => lines.push(String(line)) > 0);
  process.env.CDK_TRACED_FUNCTION_SIZES = '1';
  try {
    const app = testApp();
    functionOf(app, 1);
    app.synth();
  } finally {
    delete process.env.CDK_TRACED_FUNCTION_SIZES;
    write.mockRestore();
  }
  expect(lines.filter(line => line.includes(' MB '))).toEqual(['cdk-traced-function:   1.00 MB  Stack/Function (package 1.00 MB)\n']);
});
