import { Rule } from './rule';

export const wrapperWithoutLayer: Rule = {
  id: 'TF005',
  name: 'wrapper-without-layer',
  title: 'An exec wrapper without the layer that holds it',
  severity: 'error',
  explanation: `\`AWS_LAMBDA_EXEC_WRAPPER\` names a script that Lambda starts instead of the runtime. Scripts below \`/opt\` come from a layer. Without it the function cannot start:
\`exec wrapper does not exist\`.`,
  fix: {
    cdk: "layers: [lambda.LayerVersion.fromLayerVersionArn(this, 'Adot', arn)]  // or without a layer: Instrumentation.openTelemetry()",
    cloudformation: 'Layers: [<ARN of the layer with the wrapper>]  # or remove AWS_LAMBDA_EXEC_WRAPPER',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html',
  check: function* ({ functions }) {
    for (const { resource, variables, layers, hasUnknownLayers, isImage } of functions) {
      const wrapper = variables.AWS_LAMBDA_EXEC_WRAPPER;
      if (wrapper?.startsWith('/opt/') && layers.length === 0 && !hasUnknownLayers && !isImage) {
        yield { resource, message: `AWS_LAMBDA_EXEC_WRAPPER is ${wrapper}, and the function has no layer that could hold it: the function cannot start` };
      }
    }
  },
};
