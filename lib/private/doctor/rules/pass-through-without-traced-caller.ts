import { ownFunctions, Rule } from './rule';

export const passThroughWithoutTracedCaller: Rule = {
  id: 'TF002',
  name: 'pass-through-without-traced-caller',
  title: 'PassThrough, and no caller in the templates is traced',
  severity: 'warning',
  explanation: `With \`PassThrough\` a function is traced only when its caller has sampled the request. Where nothing in the templates that calls it is traced, traces appear only if somebody else's
caller sends a sampled trace header.`,
  fix: { cdk: 'tracing: lambda.Tracing.ACTIVE', cloudformation: 'TracingConfig: { Mode: Active }', sam: 'Tracing: Active' },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html',
  check: function* (examined) {
    for (const { resource, mode } of ownFunctions(examined)) {
      if (mode === 'PassThrough' && !examined.map.hasTracedCaller(resource)) {
        yield { resource, message: 'the mode is PassThrough, and nothing in the templates that calls it is traced: it is traced only when another caller has sampled the request' };
      }
    }
  },
};
