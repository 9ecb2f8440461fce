import * as path from 'path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { FunctionHost } from './function-process';
import { TracedFunction } from '../../lib';
import { packageFolders } from '../packages';
import { testApp } from '../test-app';

let host: FunctionHost;
beforeAll(async () => { host = await FunctionHost.start(); });
afterAll(async () => host.stop());

/** What a project has that knows nothing of tracing. */
const PROPS = {
  entry: path.join(__dirname, 'fixtures', 'calls.ts'),
  handler: 'handler',
  runtime: lambda.Runtime.NODEJS_22_X,
  timeout: Duration.seconds(20),
  memorySize: 512,
  environment: { TABLE_NAME: 'items' },
};
const NODE_PATH = path.join(__dirname, '..', '..', 'node_modules'); // where the runtime has its AWS SDK

test('a function becomes traced by changing the name of its class, and nothing else', async () => {
  const app = testApp();
  const [before, after] = [new Stack(app, 'Before'), new Stack(app, 'After')];
  new NodejsFunction(before, 'Function', PROPS);
  new TracedFunction(after, 'Function', PROPS);

  const seen = async (stack: Stack) => {
    const [{ Properties: { Code, Role, ...properties } }] = Object.values<any>(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    const actions = ['clientAtLoad', 'parallel', 'http'].map(action => ({ action }));
    return { properties, run: await host.run(packageFolders(stack).Function, actions, { env: { NODE_PATH } }) };
  };
  const [untraced, traced] = [await seen(before), await seen(after)];

  expect(traced.properties).toEqual({ ...untraced.properties, TracingConfig: { Mode: 'Active' } });
  expect(traced.run.results).toEqual(untraced.run.results);
  expect(untraced.run.datagrams).toEqual([]);
  expect(traced.run.documents.map(({ name }) => name)).toEqual(expect.arrayContaining(['DynamoDB', '127.0.0.1']));
  expect(traced.run.documents).toHaveLength(6);
});
