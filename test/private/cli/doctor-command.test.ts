import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import '@microsoft/jest-sarif';
import { doctorCommand } from '../../../lib/private/cli/doctor-command';
import { readApp } from '../../../lib/private/doctor/template/read-app';
import { projectFolder, temporaryFolder } from '../../test-app';

const TEMPLATES = path.join(__dirname, '..', 'doctor', 'templates');
const UNTRACED = path.join(TEMPLATES, 'sam-nothing-traced.yaml');
const SOURCES = path.join(TEMPLATES, 'sam-sources.yaml');
const CLEAN = path.join(TEMPLATES, 'sam-powertools.yaml');

/** Runs the command in this process. */
async function doctor(...args: string[]): Promise<{ status: number; text: string }> {
  const written: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation(text => written.push(String(text)) > 0);
  try {
    return { status: await doctorCommand(args), text: written.join('') };
  } finally {
    write.mockRestore();
  }
}

describe('status', () => {
  test.each([
    [[UNTRACED], 1], [[UNTRACED, '--fail-on', 'never'], 0], [[SOURCES], 0], [[SOURCES, '--fail-on', 'warn'], 1], [[CLEAN, '--fail-on', 'note'], 0],
    [[UNTRACED, '--ignore', 'TF001,TF022', '--fail-on', 'warn'], 0], [['--help'], 0], [['--rules'], 0],
  ])('of %j is %i', async (args, status) => {
    expect((await doctor(...args)).status).toBe(status);
  });

  test('is 2 for what cannot be examined, with one line', () => {
    const main = path.join(__dirname, '..', '..', '..', 'lib', 'private', 'cli', 'main.ts');
    const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', 'tsx', main, 'doctor', '/nowhere'], { encoding: 'utf8', cwd: path.join(__dirname, '..', '..', '..') });
    expect([status, stdout, stderr]).toEqual([2, '', "cdk-traced: there is no '/nowhere'; run 'cdk synth' first, or give a folder, a template, or --app with the command that synthesizes\n"]);
  });
});

describe('a wrong word', () => {
  test.each([
    [['a', 'b'], /one app at a time, got 'a', 'b'/], [['--format', 'xml', UNTRACED], /--format has to be text, json/], [['--fail-on', 'warning', UNTRACED], /--fail-on has to be error, warn/],
    [['--ignore', 'TF999', UNTRACED], /'TF999', which is no rule/], [['--app', 'x', UNTRACED], /not both/], [['--nothing'], /Unknown option/],
  ])('%j is told of', async (args, message) => {
    await expect(doctor(...args)).rejects.toThrow(message);
  });
});

describe('what is read', () => {
  test.each([
    ['a folder without a template', {}, /holds no templates/],
    ['a CDK app that was not synthesized', { 'cdk.json': '{}' }, /run 'cdk synth' and give its cdk.out/],
    ['a service that was not packaged', { 'serverless.yml': 'service: a' }, /run 'serverless package' first/],
    ['a template that is none', { 'template.json': '{"a":1}' }, /has no 'Resources'/],
    ['a service as a template', { 'template.yaml': 'service: a\nprovider: { name: aws }' }, /run 'serverless package'/],
    ['broken JSON', { 'template.json': '{' }, /cannot be read as JSON/],
    ['broken YAML', { 'template.yaml': 'a: *missing' }, /cannot be read as YAML/],
  ])('%s', (_what, files, message) => {
    expect(() => readApp(projectFolder(files))).toThrow(message);
  });

  test('an app that is synthesized for it', async () => {
    const folder = temporaryFolder();
    const manifest = { version: '1.0.0', artifacts: { One: { type: 'aws:cloudformation:stack', environment: 'aws://111122223333/eu-west-1', properties: { templateFile: 'One.template.json' } } } };
    const template = { Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Code: { ZipFile: '' } } } } };
    const app = `fs.writeFileSync(path.join(process.env.CDK_OUTDIR, 'manifest.json'), ${JSON.stringify(JSON.stringify(manifest))}); fs.writeFileSync(path.join(process.env.CDK_OUTDIR, 'One.template.json'), ${JSON.stringify(JSON.stringify(template))});`;
    fs.writeFileSync(path.join(folder, 'app.js'), `const fs = require('fs'), path = require('path'); ${app}`);
    const { status, text } = await doctor('--app', `"${process.execPath}" "${path.join(folder, 'app.js')}"`, '--format', 'json');
    expect([status, JSON.parse(text).summary]).toEqual([1, { errors: 1, warnings: 0, notes: 0, functions: 1, traced: 0 }]);
    await expect(doctor('--app', `"${process.execPath}" -e "process.exit(3)"`)).rejects.toThrow(/ended with status 3/);
  });
});

describe('format', () => {
  test('text groups findings by rule, each group with its fix', async () => {
    const { text } = await doctor(UNTRACED);
    expect(text).toMatch(/^error TF001 A function is not traced\n {2}Ask \(.*sam-nothing-traced\.yaml\)\n/);
    expect(text.match(/fix: Tracing: Active/g)).toHaveLength(1);
    expect(text).toMatch(/0 of 2 functions traced; 2 errors, 1 warning, 1 note\n$/);
  });

  test.each(fs.readdirSync(TEMPLATES))('sarif of %s is valid', async name => {
    const log = JSON.parse((await doctor(path.join(TEMPLATES, name), '--format', 'sarif')).text);
    expect(log).toBeValidSarifLog();
    log.runs[0].results.push({ level: 'grave' });
    expect(log).not.toBeValidSarifLog();
  });

  test('sarif points at the line of the resource', async () => {
    const { runs: [{ results }] } = JSON.parse((await doctor(UNTRACED, '--format', 'sarif')).text);
    const lines = fs.readFileSync(UNTRACED, 'utf8').split('\n');
    expect(results.map((result: any) => lines[result.locations[0].physicalLocation.region.startLine - 1].trim().split(':')[0])).toEqual(['Ask', 'Web', 'Api', 'Web']);
  });

  test('json has findings, functions and map', async () => {
    const { findings, functions, map } = JSON.parse((await doctor(SOURCES, '--format', 'json')).text);
    expect(findings[0]).toMatchObject({ rule: 'TF020', severity: 'warning', path: 'Topic', fix: expect.any(String), link: expect.stringMatching(/^https:/) });
    expect(functions).toHaveLength(8);
    expect(new Set(map.edges.map(({ kind }: any) => kind))).toEqual(new Set(['link', 'lost', 'continues']));
  });

  test('mermaid draws each kind of edge', async () => {
    const { text } = await doctor(SOURCES, '--format', 'mermaid');
    expect(text).toMatch(/^flowchart LR\n/);
    for (const line of [/n\d+ --> n\d+/, /n\d+ -\. link \.-> n\d+/, /n\d+ -- lost --x n\d+/]) expect(text).toMatch(line);
  });

  test('html holds all of it in one file, and escapes names', async () => {
    const folder = projectFolder({ 'template.json': JSON.stringify({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Metadata: { 'aws:cdk:path': '<script>alert(1)</script>' }, Properties: {} } } }) });
    const file = path.join(folder, 'report.html');
    await doctor(folder, '--format', 'html', '--output', file);
    const html = fs.readFileSync(file, 'utf8');
    expect(html).toContain('&#60;script&#62;alert(1)');
    expect(html).not.toMatch(/<script|src=|url\(http/);
  });
});

test('a rule is left out where the metadata of a resource says so', async () => {
  const body = (metadata?: object) => ({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Metadata: metadata, Properties: { Code: { ZipFile: '' } } } } });
  const statusOf = async (metadata?: object) => (await doctor(projectFolder({ 'template.json': JSON.stringify(body(metadata)) }))).status;
  expect([await statusOf(), await statusOf({ 'cdk-traced-function': { ignore: ['TF001'] } }), await statusOf({ 'cdk-traced-function': { ignore: ['function-not-traced'] } })]).toEqual([1, 0, 0]);
});

test('500 functions take no longer than 2 s above reading', async () => {
  const resources: Record<string, unknown> = {
    Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {}, ManagedPolicyArns: ['arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess'], Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: ['dynamodb:*', 'sqs:*', 'lambda:*'], Resource: '*' }] } }] } },
  };
  const files: Record<string, string> = {};
  for (let n = 0; n < 500; n += 1) {
    files[`code${n}/index.js`] = `// ${'x'.repeat(20_000)}\nrequire('aws-xray-sdk-core');`;
    resources[`Fn${n}`] = {
      Type: 'AWS::Lambda::Function',
      Properties: { Runtime: 'nodejs24.x', Handler: 'index.handler', Code: `code${n}`, Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, TracingConfig: { Mode: 'Active' }, Environment: { Variables: { NEXT: { Ref: `Fn${(n + 1) % 500}` }, QUEUE: { Ref: `Queue${n}` } } } },
    };
    resources[`Queue${n}`] = { Type: 'AWS::SQS::Queue' };
    resources[`Source${n}`] = { Type: 'AWS::Lambda::EventSourceMapping', Properties: { EventSourceArn: { 'Fn::GetAtt': [`Queue${n}`, 'Arn'] }, FunctionName: { Ref: `Fn${(n + 7) % 500}` } } };
  }
  const folder = projectFolder({ ...files, 'template.json': JSON.stringify({ Resources: resources }) });
  // Processor time: how busy the machine is says nothing about doctor.
  const before = process.cpuUsage();
  const { text } = await doctor(folder, '--format', 'json');
  const { user } = process.cpuUsage(before);
  expect(JSON.parse(text).map.edges).toHaveLength(1500);
  expect(user / 1e6).toBeLessThan(2);
});
