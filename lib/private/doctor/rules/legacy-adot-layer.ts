import { Rule } from './rule';

export const legacyAdotLayer: Rule = {
  id: 'TF007',
  name: 'legacy-adot-layer',
  title: 'A layer of the retired ADOT line, with a collector',
  severity: 'warning',
  explanation: `Layers named \`aws-otel-*\` hold an OpenTelemetry SDK and a collector that runs beside each function: 100 to 200 ms at each start, and memory. AWS has replaced them by layers without
a collector (\`AWSOpenTelemetryDistro*\`).`,
  fix: { cdk: 'instrumentation: Instrumentation.openTelemetry()  // without a layer; or Instrumentation.adotLayer()', cloudformation: 'Layers: [<ARN of AWSOpenTelemetryDistro... of the region>]' },
  link: 'https://aws-otel.github.io/docs/getting-started/lambda',
  check: function* ({ functions }) {
    for (const { resource, layers } of functions) {
      for (const arn of layers) {
        const name = /:layer:(aws-otel-[\w-]+)/.exec(arn)?.[1];
        if (name !== undefined) yield { resource, message: `the layer ${name} is of the line with a collector, which AWS no longer develops` };
      }
    }
  },
};
