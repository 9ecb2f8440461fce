import { Examined, ownFunctions, Rule } from './rule';
import { familyOf, FunctionModel } from '../functions/function-model';

/** What Lambda does with the role of a function, and the function does not. */
const LAMBDAS_OWN = /^(?:logs|xray):|^ec2:(?:\w*NetworkInterface|DescribeSubnets|\w*PrivateIpAddresses)/i;

export const nothingRecordsCalls: Rule = {
  id: 'TF003',
  name: 'nothing-records-calls',
  title: 'Traced, but nothing records its calls',
  severity: 'warning',
  explanation: `Active tracing makes Lambda's own two segments. What the function calls (tables, queues, other functions, HTTP) is recorded only by an SDK in its package or a layer, and the trace header
goes on only with it. Neither is in the package, its layers or its inline code. Container images and packages that are not on this machine are not looked into, and not reported.
It is a note where the role allows nothing that could be recorded, and for runtimes without a library of AWS that records by itself.`,
  fix: {
    cdk: 'new TracedFunction(this, ..., { entry })  // or, for functions as they are: TracedFunctions.everywhere(app)',
    cloudformation: '# in the code: AWSXRay.captureAWSv3Client(client) (Node.js), patch_all() (Python); or the layer of AWS\'s OpenTelemetry distribution',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html',
  check: function* (examined) {
    for (const fn of ownFunctions(examined)) {
      const { resource, mode, recorder, runtime } = fn;
      if (mode === 'none' || recorder !== 'none') continue;
      const isIdle = !mayCall(examined, fn);
      const hasLibrary = ['nodejs', 'python', 'java'].includes(familyOf(runtime) ?? '');
      yield {
        resource,
        message: `only Lambda's own segments are recorded: nothing in the package or its layers records calls of the function${runtime ? ` (${runtime})` : ''}` +
          (isIdle ? '; its role allows it no calls of AWS' : ''),
        ...hasLibrary && !isIdle ? {} : { severity: 'note' as const },
      };
    }
  },
};

/** As far as its role and its place on the map tell. */
function mayCall({ map }: Examined, { resource, role }: FunctionModel): boolean {
  const stop = map.stops.of(resource)!;
  return role === undefined || role.hasUnknown || map.edgesFrom(stop).length > 0
    || role.managed.some(arn => !/\/(?:AWSLambda(?:BasicExecution|VPCAccessExecution|SQSQueueExecution|KinesisExecution|DynamoDBExecution)Role|AWSXRayDaemonWriteAccess|AWSXrayWriteOnlyAccess)$/.test(arn))
    || role.statements.some(({ isAllowed, actions }) => isAllowed && actions.some(action => !LAMBDAS_OWN.test(action)));
}
