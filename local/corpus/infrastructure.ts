import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, CfnResource, CustomResource, DockerImage, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import * as scaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import * as resources from 'aws-cdk-lib/custom-resources';
import { nodeFunction, ran, stackOf, type CorpusApp, type CorpusCloud } from './corpus-app';

async function invoke({ request }: CorpusCloud, name: string): Promise<any> {
  return JSON.parse(await request('lambda', 'POST', `/2015-03-31/functions/${name}/invocations`, '{}'));
}

function expectValue(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
}

/** A VPC with CDK's defaults, a function in it, and rules between security groups. */
export const vpc: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const network = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const inside = nodeFunction(stack, `${id}-fn`, undefined, { vpc: network });
    inside.connections.allowTo(new ec2.SecurityGroup(stack, 'Database', { vpc: network }), ec2.Port.tcp(5432));
    new ec2.BastionHostLinux(stack, 'Bastion', { vpc: network });
  },
  use: async cloud => { await invoke(cloud, `${cloud.id}-fn`); },
  traces: id => [ran(`${id}-fn`)],
};

/** Types that nothing provides locally, beside a function that is handed what they are called. */
export const unknownTypes: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const fleet = new CfnResource(stack, 'Fleet', { type: 'AWS::GameLift::Fleet', properties: { Name: id } });
    const table = new dynamodb.Table(stack, 'Table', { tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, billingMode: dynamodb.BillingMode.PROVISIONED });
    table.autoScaleReadCapacity({ minCapacity: 1, maxCapacity: 5 }).scaleOnUtilization({ targetUtilizationPercent: 70 });
    new scaling.ScalableTarget(stack, 'Target', { serviceNamespace: scaling.ServiceNamespace.ECS, resourceId: 'service/a/b', scalableDimension: 'ecs:service:DesiredCount', minCapacity: 1, maxCapacity: 2 });
    nodeFunction(stack, `${id}-fn`, 'exports.handler = async () => process.env.FLEET;', { environment: { FLEET: fleet.getAtt('FleetArn').toString() } });
  },
  use: async cloud => expectValue(await invoke(cloud, `${cloud.id}-fn`), `arn:aws:gamelift:us-east-1:000000000000:fleet/${cloud.id}`),
  traces: id => [ran(`${id}-fn`)],
};

/** A custom resource with CDK's framework, and one that calls an API. */
export const customResources: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const provider = new resources.Provider(stack, 'Provider', {
      onEventHandler: nodeFunction(stack, `${id}-on-event`, 'exports.handler = async e => ({ PhysicalResourceId: "mine", Data: { Answer: "to " + e.ResourceProperties.Question } });'),
    });
    const answer = new CustomResource(stack, 'Answer', { serviceToken: provider.serviceToken, properties: { Question: 'all' } });
    const table = new dynamodb.Table(stack, 'Table', { tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
    const seed = new resources.AwsCustomResource(stack, 'Seed', {
      onCreate: {
        service: 'DynamoDB', action: 'putItem', parameters: { TableName: id, Item: { id: { S: 'seed' } } }, physicalResourceId: resources.PhysicalResourceId.of(id),
      },
      policy: resources.AwsCustomResourcePolicy.fromSdkCalls({ resources: resources.AwsCustomResourcePolicy.ANY_RESOURCE }),
      installLatestAwsSdk: false,
    });
    seed.node.addDependency(table);
    nodeFunction(stack, `${id}-fn`, 'exports.handler = async () => process.env.ANSWER;', { environment: { ANSWER: answer.getAttString('Answer') } });
  },
  use: async cloud => {
    expectValue(await invoke(cloud, `${cloud.id}-fn`), 'to all');
    expectValue((await cloud.json('DynamoDB_20120810.GetItem', { TableName: cloud.id, Key: { id: { S: 'seed' } } })).Item, { id: { S: 'seed' } });
  },
  traces: id => [ran(`${id}-fn`)],
};

/** A workflow of functions with a choice and a map. */
export const workflow: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const each = new tasks.LambdaInvoke(stack, 'Each', { lambdaFunction: nodeFunction(stack, `${id}-each`, 'exports.handler = async n => n * 2;'), payloadResponseOnly: true });
    const map = new sfn.Map(stack, 'Map', { itemsPath: '$.numbers' }).itemProcessor(each);
    const choice = new sfn.Choice(stack, 'Any?').when(sfn.Condition.isPresent('$.numbers[0]'), map).otherwise(new sfn.Pass(stack, 'None'));
    const machine = new sfn.StateMachine(stack, 'Machine', { stateMachineName: id, definitionBody: sfn.DefinitionBody.fromChainable(choice), tracingEnabled: true });
    new CfnOutput(stack, 'MachineArn', { value: machine.stateMachineArn });
  },
  use: async cloud => expectValue(await outputOf(cloud, '{"numbers":[1,2]}'), [2, 4]),
  traces: id => [[`${id} AWS::StepFunctions::StateMachine`, ...ran(`${id}-each`)]],
};

async function outputOf({ json, outputs, eventually }: CorpusCloud, input: string): Promise<any> {
  const { executionArn } = await json('AWSStepFunctions.StartExecution', { stateMachineArn: outputs.MachineArn, input });
  return JSON.parse(await eventually(async () => {
    const { status, output } = await json('AWSStepFunctions.DescribeExecution', { executionArn });
    return status === 'RUNNING' ? undefined : output ?? JSON.stringify(status);
  }));
}

/** A distributed map over a file, in batches, whose results go to a bucket. */
export const distributedMap: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    stack.node.setContext('@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2', true);
    const bucket = new s3.Bucket(stack, 'Bucket', { bucketName: id });
    const each = nodeFunction(stack, `${id}-batch`, 'exports.handler = async e => ({ of: e.BatchInput.of, sum: e.Items.reduce((sum, item) => sum + Number(item.n), 0) });');
    const map = new sfn.DistributedMap(stack, 'Map', {
      itemReader: new sfn.S3CsvItemReader({ bucket, key: 'items.csv', csvHeaders: sfn.CsvHeaders.useFirstRow() }),
      itemBatcher: new sfn.ItemBatcher({ maxItemsPerBatch: 2, batchInput: { 'of.$': '$.name' } }),
      resultWriterV2: new sfn.ResultWriterV2({ bucket, prefix: 'results' }),
      mapExecutionType: sfn.StateMachineType.EXPRESS,
    });
    map.itemProcessor(new tasks.LambdaInvoke(stack, 'Each', { lambdaFunction: each, payloadResponseOnly: true }));
    const machine = new sfn.StateMachine(stack, 'Machine', { stateMachineName: id, definitionBody: sfn.DefinitionBody.fromChainable(map) });
    new CfnOutput(stack, 'MachineArn', { value: machine.stateMachineArn });
  },
  use: async cloud => {
    await cloud.request('s3', 'PUT', `/${cloud.id}/items.csv`, 'n\n1\n2\n3\n');
    const { ResultWriterDetails: { Key: manifest } } = await outputOf(cloud, '{"name":"all"}');
    const { ResultFiles: { SUCCEEDED: [{ Key: file }] } } = JSON.parse(await cloud.request('s3', 'GET', `/${cloud.id}/${manifest}`));
    const results: { Output: string }[] = JSON.parse(await cloud.request('s3', 'GET', `/${cloud.id}/${file}`));
    expectValue(results.map(({ Output }) => JSON.parse(Output)).sort((a, b) => a.sum - b.sum), [{ of: 'all', sum: 3 }, { of: 'all', sum: 3 }]);
  },
  traces: id => [[`${id} AWS::StepFunctions::StateMachine`, ...ran(`${id}-batch`)]],
};

function writeLayer(folder: string): boolean {
  const module = join(folder, 'nodejs', 'node_modules', 'shared-words');
  mkdirSync(module, { recursive: true });
  writeFileSync(join(module, 'index.js'), "exports.greet = word => word + ' from the layer';");
  return true;
}

/** A layer that two functions share, an alias, and a parameter. */
export const layerAndAlias: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const layer = new lambda.LayerVersion(stack, 'Layer', { code: lambda.Code.fromAsset(__dirname, { bundling: { image: DockerImage.fromRegistry('unused'), local: { tryBundle: writeLayer } } }) });
    const parameter = new ssm.StringParameter(stack, 'Parameter', { parameterName: `/${id}/greeting`, stringValue: 'hello' });
    const fn = nodeFunction(stack, `${id}-fn`, 'exports.handler = async () => require("shared-words").greet(process.env.GREETING);', {
      layers: [layer], environment: { GREETING: parameter.stringValue },
    });
    new lambda.Alias(stack, 'Live', { aliasName: 'live', version: fn.currentVersion });
  },
  use: async cloud => expectValue(await invoke(cloud, `${cloud.id}-fn:live`), 'hello from the layer'),
  traces: id => [ran(`${id}-fn`)],
};

/** Two stacks in a stage, one of which imports from the other, and a nested stack that asks its network for an attribute. */
export const stages: CorpusApp = {
  build: (app, id) => {
    const stage = new Stage(app, id);
    const data = new Stack(stage, 'Data');
    const table = new dynamodb.Table(data, 'Table', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
    const api = new Stack(stage, 'Api');
    const nested = new NestedStack(api, 'Nested');
    const network = new ec2.Vpc(nested, 'Vpc', { ipAddresses: ec2.IpAddresses.cidr('10.7.0.0/16'), natGateways: 0, maxAzs: 1 });
    nodeFunction(nested, `${id}-fn`, 'exports.handler = async () => [Boolean(process.env.TABLE), process.env.CIDR];', {
      environment: { TABLE: table.tableName, CIDR: network.vpcCidrBlock },
    });
  },
  use: async cloud => expectValue(await invoke(cloud, `${cloud.id}-fn`), [true, '10.7.0.0/16']),
  traces: id => [ran(`${id}-fn`)],
};
