import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { NODEJS_ENTRY, projectFolder, temporaryFolder } from './test-app';
import { TracedFunctions, TracingReportEntry } from '../lib';

jest.setTimeout(Duration.minutes(3).toMilliseconds());

interface Synthesized {
  readonly directory: string;
  readonly template: Record<string, Record<string, any>>;
  readonly text: string;
  /** Source hashes of the asset manifest, without the template's. */
  readonly assets: string[];
  readonly report: TracingReportEntry[];
}

const folder = projectFolder({
  'code/index.js': 'exports.handler = async () => 1;',
  'template.json': JSON.stringify({
    Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Runtime: 'python3.13', Handler: 'app.handler', Role: 'arn:aws:iam::123456789012:role/r', Code: { S3Bucket: 'bucket', S3Key: 'key' } } } },
  }),
});

/** An app with functions of every kind that keeps its package. */
function synthesize(line: boolean, rebundle = false): Synthesized {
  const app = new App({ outdir: temporaryFolder(), analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': rebundle ? ['**'] : [] } });
  const traced = line ? TracedFunctions.everywhere(app, { rebundle }) : undefined;
  const stack = new Stack(app, 'Stack');
  const props = { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler' };
  new lambda.Function(stack, 'Asset', { ...props, code: lambda.Code.fromAsset(path.join(folder, 'code')) }).addAlias('live');
  new lambda.Function(stack, 'Inline', { ...props, code: lambda.Code.fromInline('exports.handler = async () => 1;') });
  new lambda.Function(stack, 'Bucket', { ...props, code: lambda.Code.fromBucketV2(s3.Bucket.fromBucketName(stack, 'Code', 'code'), 'key') });
  new NodejsFunction(stack, 'Nodejs', { entry: NODEJS_ENTRY, runtime: props.runtime, depsLockFilePath: path.join(__dirname, '..', 'package-lock.json') });
  new CfnInclude(stack, 'Template', { templateFile: path.join(folder, 'template.json') });
  new sns.Topic(stack, 'Topic');
  const { directory } = app.synth();
  const text = fs.readFileSync(path.join(directory, 'Stack.template.json'), 'utf8');
  const { files } = JSON.parse(fs.readFileSync(path.join(directory, 'Stack.assets.json'), 'utf8')) as { files: Record<string, { source: { path: string } }> };
  const assets = Object.entries(files).filter(([, { source }]) => !source.path.endsWith('.template.json')).map(([hash]) => hash).sort();
  return { directory, text, assets, template: JSON.parse(text).Resources, report: traced?.report ?? [] };
}

const without = synthesize(false);
const withLine = synthesize(true);

test('the line adds the layer to the assets, and changes none', () => {
  const added = withLine.assets.filter(hash => !without.assets.includes(hash));
  expect(without.assets.filter(hash => !withLine.assets.includes(hash))).toEqual([]);
  const layers = Object.values(withLine.template).filter(({ Type }) => Type === 'AWS::Lambda::LayerVersion').map(({ Properties }) => Properties.Content.S3Key.replace('.zip', ''));
  expect(added).toEqual(layers.sort());
});

test('the template differs in what the report lists, and nowhere else', () => {
  const changed = new Set<string>();
  const added = Object.entries(withLine.template).filter(([id]) => !(id in without.template)).map(([, { Type }]) => Type).sort();
  for (const [id, { Type: type, Properties: before = {} }] of Object.entries(without.template)) {
    if (type === 'AWS::Lambda::Version' || type === 'AWS::CDK::Metadata') continue; // another version: its logical id changes
    const { Properties: after = {} } = withLine.template[id];
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) changed.add(`${type} ${name}`);
    }
  }
  expect([...changed].sort()).toEqual([
    'AWS::IAM::Role ManagedPolicyArns', 'AWS::Lambda::Alias FunctionVersion',
    ...['Environment', 'Handler', 'Layers', 'TracingConfig'].map(name => `AWS::Lambda::Function ${name}`), 'AWS::SNS::Topic TracingConfig',
  ]);
  expect(added).toEqual(['AWS::Lambda::LayerVersion', 'AWS::Lambda::LayerVersion', 'AWS::Lambda::Version', 'AWS::XRay::ResourcePolicy']);
  const listed = withLine.report.flatMap(({ changes }) => changes.map(change => change.split(':')[0]));
  expect(new Set(listed)).toEqual(new Set(['tracing mode', 'role', 'layer', 'handler', 'variables', 'TracingConfig', 'Stack/TopicTraces']));
});

test('cdk diff shows no change of code', () => {
  const cdk = path.join(path.dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');
  const diff = (app: Synthesized) => execFileSync(process.execPath, [
    cdk, 'diff', 'Stack', '--app', app.directory, '--template', path.join(without.directory, 'Stack.template.json'), '--no-color', '--no-notices', '--no-change-set', '--no-version-reporting',
  ], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', CI: 'true' } });
  const text = diff(withLine);
  expect(text).toMatch(/\[~\] AWS::Lambda::Function Asset/);
  expect(text).toMatch(/\[~\] Handler/);
  expect(text).not.toMatch(/\bCode\b|S3Key|S3Bucket|ZipFile/);
});

test('a package that is bundled again does show, so that the tests above could fail', () => {
  const { assets } = synthesize(true, true);
  expect(without.assets.filter(hash => !assets.includes(hash))).not.toEqual([]);
});

test('without the line everything is as before, to the byte', () => {
  expect(withLine.text).not.toBe(without.text);
  const again = synthesize(false);
  expect(again.text).toBe(without.text);
  expect(fs.existsSync(path.join(again.directory, 'tracing-report.json'))).toBe(false);
});
