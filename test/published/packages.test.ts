import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as readline from 'readline';
import { npm, npmPack, PROJECT, run, writeFiles } from './published-app';
import { temporaryFolder } from '../test-app';

const { devDependencies } = JSON.parse(fs.readFileSync(path.join(PROJECT, 'package.json'), 'utf8'));
const local = JSON.parse(fs.readFileSync(path.join(PROJECT, 'local', 'package.json'), 'utf8'));
const UV = path.join(PROJECT, '.venv', 'tools', 'uv');

/** What each test asserts; `client` invokes the function, `reader` reads traces. */
const STEPS = `
  const id = 'item-' + Math.random().toString(36).slice(2);
  await client.send(new InvokeCommand({ FunctionName: process.env.FUNCTION, Payload: JSON.stringify({ id }) }));
  const trace = await reader.waitForTrace({ annotations: { id } }, { timeoutMs: 60_000 });
`;
const SET_UP = `
const client = new LambdaClient({ endpoint: process.env.ENDPOINT, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
const reader = new TraceReader(process.env.XRAY_URL);
`;

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"name":"app","version":"1.0.0","private":true}',
  'cdk.json': '{"app":"node app.js"}',
  'app.js': `
const { App, CfnOutput, RemovalPolicy, Stack } = require('aws-cdk-lib');
const dynamodb = require('aws-cdk-lib/aws-dynamodb');
const lambda = require('aws-cdk-lib/aws-lambda');
const { Instrumentation, TracedFunction } = require('cdk-traced-function');
const stack = new Stack(new App(), 'Shop');
const table = new dynamodb.Table(stack, 'Items', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, removalPolicy: RemovalPolicy.DESTROY });
const fn = new TracedFunction(stack, 'Put', {
  entry: 'lambda/put.ts', runtime: lambda.Runtime.NODEJS_20_X, environment: { TABLE: table.tableName }, functionName: 'shop-put',
});
table.grantWriteData(fn);
new CfnOutput(stack, 'FunctionName', { value: fn.functionName });
`,
  'lambda/put.ts': `
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { captureAsyncFunc } from 'aws-xray-sdk-core';
const client = new DynamoDBClient({});
export const handler = (event: { id: string }) => captureAsyncFunc('put', async subsegment => {
  subsegment?.addAnnotation('id', event.id);
  await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { id: { S: event.id } } }));
  subsegment?.close();
});
`,
  'jest/traces.test.js': `
const { InvokeCommand, LambdaClient } = require('@aws-sdk/client-lambda');
const { TraceReader } = require('cdk-traced-function-local/assertions/jest');
${SET_UP}
test('the function writes the item', async () => {${STEPS}
  expect(trace).toPassThrough('AWS::Lambda', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table');
  expect(trace).toHaveSubsegment({ operation: 'PutItem', in: 'shop-put' });
  expect(trace).toHaveNoFault();
  expect(trace).toBeConnected();
}, 90_000);
`,
  'vitest/traces.test.mjs': `
import { expect, test } from 'vitest';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { TraceReader } from 'cdk-traced-function-local/assertions/vitest';
${SET_UP}
test('the function writes the item', async () => {${STEPS}
  expect(trace).toHaveSubsegment({ operation: 'PutItem', in: 'shop-put' });
  expect(trace).not.toHaveSubsegment({ operation: 'DeleteItem' });
}, 90_000);
`,
  'node-test/traces.test.mjs': `
import { test } from 'node:test';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { assertTrace, hasSubsegment, isConnected, TraceReader } from 'cdk-traced-function-local/assertions';
${SET_UP}
test('the function writes the item', async () => {${STEPS}
  assertTrace(hasSubsegment(trace, { operation: 'PutItem', in: 'shop-put' }));
  assertTrace(isConnected(trace));
});
`,
  'pytest.ini': '[pytest]\n',
  'pytests/test_traces.py': `
import json
import re
import uuid

import pytest


def test_the_function_writes_the_item(local_cloud, traces):
    item = f"item-{uuid.uuid4()}"
    local_cloud.client("lambda").invoke(FunctionName=local_cloud.outputs["FunctionName"], Payload=json.dumps({"id": item}))
    trace = traces.wait_for_trace(annotations={"id": item}, timeout=60)
    trace.passes_through("AWS::Lambda", "AWS::Lambda::Function", re.compile("AWS::DynamoDB"))
    trace.has_subsegment(operation="PutItem", in_="shop-put").has_annotation("id", item).has_no_error().is_connected()
    trace.takes_at_most(60)
    with pytest.raises(AssertionError, match="DeleteItem"):
        trace.has_subsegment(operation="DeleteItem")
    assert not trace.check("hasSubsegment", {"operation": "DeleteItem"}).passed
    assert "shop-put" in str(trace)


def test_a_trace_that_does_not_come_is_told_with_those_that_did(traces):
    with pytest.raises(TimeoutError, match="waited 0.1 seconds for a trace with annotation"):
        traces.wait_for_trace(annotations={"id": "none"}, timeout=0.1)
`,
};

let app: string;
/** Where the package keeps what it installs; packages that were downloaded before are taken from where their tools have them. */
let variables: NodeJS.ProcessEnv;

beforeAll(() => {
  app = writeFiles(path.join(temporaryFolder(), 'app'), FILES);
  const cache = temporaryFolder();
  variables = { XDG_CACHE_HOME: cache, UV_CACHE_DIR: path.join(os.homedir(), '.cache', 'uv'), PIP_CACHE_DIR: path.join(os.homedir(), '.cache', 'pip') };
  npm([
    'install', '--prefer-offline', npmPack(), npmPack(path.join(PROJECT, 'local')), `aws-cdk-lib@${devDependencies['aws-cdk-lib']}`, `constructs@${devDependencies.constructs}`,
    `aws-cdk@${devDependencies['aws-cdk']}`, `jest@${devDependencies.jest}`, `vitest@${local.devDependencies.vitest}`, 'aws-xray-sdk-core@3.12.0', '@aws-sdk/client-lambda', '@aws-sdk/client-dynamodb',
  ], app);
});

function installed(): string[] {
  return fs.readdirSync(path.join(app, 'node_modules', 'cdk-traced-function-local'), { recursive: true, encoding: 'utf8' });
}

test('the package holds what runs, and nothing of its tests or its build', () => {
  const files = installed();
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/main.cjs', 'dist/receiver-worker.cjs', 'dist/web/index.html', 'cloud/traced_cloud.py', 'preload/refuse-aws.cjs']));
  expect(files.filter(name => /__pycache__|\.pyc$|^(?:src|test|web|corpus|pytest)\b/.test(name))).toEqual([]);
});

test('npx cdk-traced-local --help', () => {
  expect(run('npx', ['--no-install', 'cdk-traced-local', '--help'], app, variables)).toMatch(/^Usage: cdk-traced-local \[options\]/);
  expect(run('npx', ['--no-install', 'cdk-traced-local', '--version'], app, variables).trim()).toBe(local.version);
});

describe('an app that is deployed to the packed local cloud', () => {
  let cloud: ChildProcess;
  let tests: NodeJS.ProcessEnv;
  const events: { event: string; message?: string; endpoint: string; xray: string; outputs: Record<string, string> }[] = [];

  beforeAll(async () => {
    cloud = spawn('node', ['node_modules/cdk-traced-function-local/bin/cdk-traced-local.mjs', '--json', '--no-open', '--cloud-port', '0', '--xray-port', '0', '--web-port', '0'], {
      cwd: app, env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of readline.createInterface({ input: cloud.stdout! })) {
      events.push(JSON.parse(line));
      if (events[events.length - 1].event === 'ready') break;
    }
    const ready = events[events.length - 1];
    if (ready?.event !== 'ready') throw new Error(`the local cloud ended:\n${events.map(({ message }) => message).join('\n')}`);
    tests = { ...variables, ENDPOINT: ready.endpoint, XRAY_URL: ready.xray, FUNCTION: ready.outputs.FunctionName };
  });
  afterAll(async () => {
    cloud.kill();
    await new Promise(resolve => cloud.once('exit', resolve));
  });

  test('Jest', () => {
    run(process.execPath, ['node_modules/jest/bin/jest.js', '--rootDir', 'jest'], app, tests);
  });

  test('Vitest', () => {
    run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--root', 'vitest'], app, { ...tests, CI: 'true' });
  });

  test('node:test', () => {
    run(process.execPath, ['--test', 'node-test/'], app, tests);
  });

  test('its page is there', async () => {
    const page = await fetch(tests.XRAY_URL!);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);
  });

  test('nothing is written into the package, nor beside the app', () => {
    expect(installed().filter(name => /__pycache__|\.pyc$/.test(name))).toEqual([]);
    expect(fs.readdirSync(app).filter(name => /^\.local|\.venv/.test(name))).toEqual([]);
    expect(fs.readdirSync(path.join(variables.XDG_CACHE_HOME!, 'cdk-traced-function-local'))).toEqual([local.version]);
  });
});

test('the plugin for pytest is built as a wheel, deploys the app, and asserts', () => {
  const folder = temporaryFolder();
  fs.cpSync(path.join(PROJECT, 'local', 'pytest'), path.join(folder, 'source'), { recursive: true });
  const python = path.join(folder, 'venv', 'bin', 'python');
  const uv = fs.existsSync(UV);
  if (uv) run(UV, ['build', '--quiet', '--wheel', '--out-dir', path.join(folder, 'wheels'), path.join(folder, 'source')], folder);
  else run('python3', ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', path.join(folder, 'wheels'), path.join(folder, 'source')], folder);
  const wheels = fs.readdirSync(path.join(folder, 'wheels')).filter(name => name.endsWith('.whl'));
  expect(wheels).toEqual([`cdk_traced_local-${local.version}-py3-none-any.whl`]);
  const wheel = path.join(folder, 'wheels', wheels[0]);
  run('python3', ['-m', 'venv', path.join(folder, 'venv')], folder);
  if (uv) run(UV, ['pip', 'install', '--quiet', '--python', python, wheel, 'boto3==1.40.0'], folder);
  else run(python, ['-m', 'pip', 'install', '--quiet', wheel, 'boto3==1.40.0'], folder);
  const output = run(python, ['-B', '-m', 'pytest', '-p', 'no:cacheprovider', 'pytests'], app, variables);
  expect(output).toMatch(/2 passed/);
});
