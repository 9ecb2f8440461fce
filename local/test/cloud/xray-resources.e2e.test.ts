import { CloudFormationClient, CreateStackCommand, DeleteStackCommand, DescribeStackEventsCommand, DescribeStacksCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { GetGroupCommand, GetGroupsCommand, GetSamplingRulesCommand, XRayClient } from '@aws-sdk/client-xray';
import { startLocalCloud, type LocalCloud } from '../../src/cloud/local-cloud';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { pause } from '../../src/run-command';
import { startXray, type Xray } from '../../src/xray';

jest.setTimeout(120_000);

const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

let python: string;
let xray: Xray;
let xrayClient: XRayClient;
beforeAll(async () => {
  python = await ensurePythonEnvironment({ log: () => undefined });
  xray = await startXray({ udpPort: 0, httpPort: 0 });
  xrayClient = new XRayClient({ ...ACCESS, endpoint: xray.url });
});
afterAll(async () => {
  xrayClient.destroy();
  await xray.close();
});

let cloud: LocalCloud;
let client: CloudFormationClient;
beforeEach(async () => {
  cloud = await startLocalCloud({ python, port: 0, xrayPort: xray.udpPort, xrayUrl: xray.url, log: () => undefined });
  client = new CloudFormationClient({ ...ACCESS, endpoint: cloud.endpoint });
});
afterEach(async () => {
  client.destroy();
  await cloud.close();
});

const template = (filter: string, rate: number) => JSON.stringify({
  Resources: {
    Group: { Type: 'AWS::XRay::Group', Properties: { GroupName: 'mine', FilterExpression: filter, InsightsConfiguration: { InsightsEnabled: true } } },
    Rule: {
      Type: 'AWS::XRay::SamplingRule',
      Properties: {
        SamplingRule: {
          RuleName: 'mine', Priority: '7', FixedRate: rate, ReservoirSize: 2, ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '/api/*',
          ResourceARN: '*', Version: 1,
        },
      },
    },
  },
});

/** Waits until nothing of the stack is in progress; gives its status. */
async function settled(): Promise<string> {
  for (;;) {
    const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: 'x' })).catch(() => ({ Stacks: undefined }));
    const status = stacks?.[0]?.StackStatus ?? 'GONE';
    if (!status.endsWith('_IN_PROGRESS')) return status;
    await pause(50);
  }
}

async function group() {
  const { Groups: groups = [] } = await xrayClient.send(new GetGroupsCommand({}));
  return groups.find(found => found.GroupName === 'mine');
}

async function rule() {
  const { SamplingRuleRecords: records = [] } = await xrayClient.send(new GetSamplingRulesCommand({}));
  return records.find(record => record.SamplingRule?.RuleName === 'mine')?.SamplingRule;
}

it('groups and sampling rules of a stack appear in X-Ray, change with it, and go with it', async () => {
  await client.send(new CreateStackCommand({ StackName: 'x', TemplateBody: template('fault = true', 0.5) }));
  expect(await settled()).toBe('CREATE_COMPLETE');
  expect(await group()).toMatchObject({ FilterExpression: 'fault = true', InsightsConfiguration: { InsightsEnabled: true } });
  expect(await rule()).toMatchObject({ Priority: 7, FixedRate: 0.5, ReservoirSize: 2, URLPath: '/api/*' });

  // One address serves every service, with X-Ray's own errors.
  const throughCloud = new XRayClient({ ...ACCESS, endpoint: cloud.endpoint });
  expect((await throughCloud.send(new GetGroupsCommand({}))).Groups).toContainEqual(await group());
  await expect(throughCloud.send(new GetGroupCommand({ GroupName: 'none' }))).rejects.toMatchObject({ name: 'InvalidRequestException' });
  throughCloud.destroy();

  await client.send(new UpdateStackCommand({ StackName: 'x', TemplateBody: template('error = true', 0.25) }));
  expect(await settled()).toBe('UPDATE_COMPLETE');
  expect(await group()).toMatchObject({ FilterExpression: 'error = true' });
  expect(await rule()).toMatchObject({ FixedRate: 0.25 });

  await client.send(new DeleteStackCommand({ StackName: 'x' }));
  await settled();
  expect([await group(), await rule()]).toEqual([undefined, undefined]);
});

it('what X-Ray refuses fails the stack with X-Ray\'s reason', async () => {
  await client.send(new CreateStackCommand({ StackName: 'x', TemplateBody: template('fault = = true', 0.5) }));
  expect(await settled()).toMatch(/^ROLLBACK_|^CREATE_FAILED/);
  const { StackEvents: events = [] } = await client.send(new DescribeStackEventsCommand({ StackName: 'x' }));
  expect(events.find(event => event.ResourceStatus === 'CREATE_FAILED')).toMatchObject({
    LogicalResourceId: 'Group', ResourceStatusReason: expect.stringContaining('InvalidRequestException'),
  });
  await client.send(new DeleteStackCommand({ StackName: 'x' }));
  await settled();
});

it('a new cloud takes over what an earlier one left in X-Ray', async () => {
  await client.send(new CreateStackCommand({ StackName: 'x', TemplateBody: template('fault = true', 0.5) }));
  expect(await settled()).toBe('CREATE_COMPLETE');
  await cloud.close();
  client.destroy();
  cloud = await startLocalCloud({ python, port: 0, xrayPort: xray.udpPort, xrayUrl: xray.url, log: () => undefined });
  client = new CloudFormationClient({ ...ACCESS, endpoint: cloud.endpoint });
  await client.send(new CreateStackCommand({ StackName: 'x', TemplateBody: template('throttle = true', 0.1) }));
  expect(await settled()).toBe('CREATE_COMPLETE');
  expect(await group()).toMatchObject({ FilterExpression: 'throttle = true' });
  expect(await rule()).toMatchObject({ FixedRate: 0.1 });
});
