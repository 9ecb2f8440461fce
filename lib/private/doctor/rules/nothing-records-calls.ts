import { ownFunctions, Rule } from './rule';
import { familyOf } from '../functions/function-model';

export const nothingRecordsCalls: Rule = {
  id: 'TF003',
  name: 'nothing-records-calls',
  title: 'Traced, but nothing records its calls',
  severity: 'warning',
  explanation: `Active tracing makes Lambda's own two segments. What the function calls (tables, queues, other functions, HTTP) is recorded only by an SDK in its package or a layer, and the trace header
goes on only with it. Neither is in the package, its layers or its inline code. Container images and packages that are not on this machine are not looked into, and not reported.`,
  fix: {
    cdk: 'new TracedFunction(this, ..., { entry })  // or, for functions as they are: TracedFunctions.everywhere(app)',
    cloudformation: '# in the code: AWSXRay.captureAWSv3Client(client) (Node.js), patch_all() (Python); or the layer of AWS\'s OpenTelemetry distribution',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html',
  check: function* (examined) {
    for (const { resource, mode, recorder, runtime } of ownFunctions(examined)) {
      if (mode !== 'none' && recorder === 'none') {
        yield {
          resource,
          message: `only Lambda's own segments are recorded: nothing in the package or its layers records calls of the function${runtime ? ` (${runtime})` : ''}`,
          ...familyOf(runtime) === 'nodejs' || familyOf(runtime) === 'python' || familyOf(runtime) === 'java' ? {} : { severity: 'note' as const },
        };
      }
    }
  },
};
