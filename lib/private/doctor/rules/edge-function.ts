import { Rule } from './rule';

export const edgeFunction: Rule = {
  id: 'TF012',
  name: 'edge-function',
  title: 'Lambda@Edge cannot be traced',
  severity: 'note',
  explanation: 'Functions of Lambda@Edge have no X-Ray, no layers and no environment variables. CloudFront refuses a function with active tracing. Traces of requests begin behind it.',
  fix: { cdk: '// leave \'tracing\' out of functions of Lambda@Edge', cloudformation: '# no TracingConfig in functions of Lambda@Edge' },
  link: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html',
  check: function* ({ functions }) {
    for (const { resource, mode, isEdge } of functions) {
      if (!isEdge) continue;
      yield mode === 'Active'
        ? { resource, severity: 'error', message: 'tracing is Active in a function of Lambda@Edge: CloudFront refuses it, and the deployment fails' }
        : { resource, message: 'the function runs in Lambda@Edge, which has no X-Ray: the trace of a request begins behind it' };
    }
  },
};
