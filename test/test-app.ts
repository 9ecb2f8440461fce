import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, AppProps, Stack } from 'aws-cdk-lib';
import { TracedFunction, TracedFunctionProps } from '../lib';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

/** Context of an app that bundles nothing: enough for everything but the packages themselves. */
export const WITHOUT_BUNDLING = { 'aws:cdk:bundling-stacks': [] };

/** An empty folder, removed when the test file ends. */
export function temporaryFolder(): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-test-')));
  folders.push(folder);
  return folder;
}

/** An app with an output folder of its own, removed when the test file ends. */
export function testApp(context: AppProps['context'] = {}): App {
  return new App({ outdir: path.join(temporaryFolder(), 'cdk.out'), context: { 'aws:cdk:version-reporting': false, ...context }, analyticsReporting: false });
}

/** A stack in an app that bundles nothing. */
export function testStack(id = 'Stack'): Stack {
  return new Stack(testApp(WITHOUT_BUNDLING), id);
}

/** A function in a stack of its own that bundles nothing, in TypeScript unless said otherwise. */
export function tracedFunction(props: Partial<TracedFunctionProps> = {}): TracedFunction {
  return new TracedFunction(testStack(), 'Function', { entry: NODEJS_ENTRY, ...props });
}

export function fixture(...names: string[]): string {
  return path.join(__dirname, 'fixtures', ...names);
}

export const NODEJS_ENTRY = fixture('nodejs', 'put-item.ts');
export const PYTHON_ENTRY = fixture('python', 'put_item');
export const GO_ENTRY = fixture('go', 'put-item');
export const JAVA_ENTRY = fixture('java', 'put-item');

/** Writes files into a new folder, removed when the test file ends; keys are relative paths. */
export function projectFolder(files: Record<string, string | Buffer>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}
