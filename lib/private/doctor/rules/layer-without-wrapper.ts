import { Rule } from './rule';

/** Wrapper scripts by layer. */
export const ADOT_LAYER = /:layer:(?:AWSOpenTelemetryDistro(?:Js|Python|Java|DotNet)|aws-otel-(?:nodejs|python|java-wrapper|java-agent)-\w+(?:-ver[\d-]+)?)/;

export const layerWithoutWrapper: Rule = {
  id: 'TF006',
  name: 'layer-without-wrapper',
  title: 'An OpenTelemetry layer without its exec wrapper',
  severity: 'warning',
  explanation: `The layer of AWS's OpenTelemetry distribution does nothing by itself: it is started by the script that \`AWS_LAMBDA_EXEC_WRAPPER\` names, \`/opt/otel-instrument\`
(\`/opt/otel-handler\` and others in older layers).`,
  fix: {
    cdk: "environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-instrument' }  // or Instrumentation.adotLayer()",
    cloudformation: 'Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: /opt/otel-instrument } }',
    serverless: 'environment: { AWS_LAMBDA_EXEC_WRAPPER: /opt/otel-instrument }',
  },
  link: 'https://aws-otel.github.io/docs/getting-started/lambda',
  check: function* ({ functions }) {
    for (const { resource, variables, layers } of functions) {
      const layer = layers.find(arn => ADOT_LAYER.test(arn));
      if (layer !== undefined && variables.AWS_LAMBDA_EXEC_WRAPPER === undefined && !variables.NODE_OPTIONS?.includes('/opt/') && !variables.JAVA_TOOL_OPTIONS?.includes('/opt/')) {
        yield { resource, message: `the layer ${nameOf(layer)} is there, but AWS_LAMBDA_EXEC_WRAPPER is not set: the layer takes space and records nothing` };
      }
    }
  },
};

function nameOf(arn: string): string {
  return arn.split(':layer:')[1] ?? arn;
}
