import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LauncherError } from '../launcher-error';

/**
 * The outputs of a deployed stack, by name.
 *
 * @param endpoint of the AWS APIs; undefined for AWS itself
 * @throws LauncherError in one sentence when there is no such stack, or nobody to ask
 */
export async function readStackOutputs(stackName: string, endpoint: string | undefined): Promise<Record<string, string>> {
  const client = new CloudFormationClient({ endpoint });
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Object.fromEntries((stack?.Outputs ?? []).map(({ OutputKey: name, OutputValue: value }) => [name!, value!]));
  } catch (error) {
    throw new LauncherError(await explain(error as Error & { code?: string }, stackName, endpoint, client));
  } finally {
    client.destroy();
  }
}

async function explain(
  error: Error & { code?: string }, stackName: string, endpoint: string | undefined, client: CloudFormationClient,
): Promise<string> {
  const where = endpoint ?? `AWS in region ${await client.config.region().catch(() => 'unknown')}`;
  if (/does not exist/.test(error.message)) {
    return `there is no stack '${stackName}' at ${where}: deploy it with '${endpoint ? 'npm start --' : 'npx cdk deploy'} ${stackName}'.`;
  }
  if (error.code === 'ECONNREFUSED' || /ECONNREFUSED/.test(error.message)) {
    if (!endpoint) return `nothing answers at ${where}: ${error.message}`;
    return `nothing answers at ${where}: start the local cloud with 'npm start -- ${stackName}', name its port with --cloud-port, or send the traffic to AWS with --aws.`;
  }
  return `the outputs of the stack '${stackName}' at ${where} cannot be read: ${error.message}`;
}
