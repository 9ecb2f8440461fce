import { Rule } from './rule';
import { ADOT_LAYERS, ADOT_LAYERS_DATE } from '../../adot-layer-versions';

const COLUMNS: Record<string, number> = { Js: 1, Python: 2, Java: 3 };
/** That many versions behind are an ordinary week. */
const FAR_BEHIND = 5;

export const outdatedLayer: Rule = {
  id: 'TF008',
  name: 'outdated-layer',
  title: 'An OpenTelemetry layer many versions behind',
  severity: 'note',
  explanation: `The layer of AWS's OpenTelemetry distribution is five or more versions older than the newest that was known on ${ADOT_LAYERS_DATE} in its region.
Layers do not renew themselves. A layer from another region than the function's cannot be used at all.`,
  fix: { cdk: 'instrumentation: Instrumentation.adotLayer()  // the newest that this library knows', cloudformation: 'Layers: [<the newest ARN of the region>]' },
  link: 'https://aws-otel.github.io/docs/getting-started/lambda',
  check: function* ({ functions }) {
    for (const { resource, layers } of functions) {
      for (const arn of layers) {
        const [, region, language, version] = /^arn:[^:]*:lambda:([^:]+):[^:]+:layer:AWSOpenTelemetryDistro(\w+):(\d+)$/.exec(arn) ?? [];
        const newest = region === undefined ? undefined : ADOT_LAYERS[region]?.[COLUMNS[language]];
        if (typeof newest === 'number' && newest - Number(version) >= FAR_BEHIND) {
          yield { resource, message: `the layer AWSOpenTelemetryDistro${language} is version ${version}; ${newest} was the newest in ${region} on ${ADOT_LAYERS_DATE}` };
        }
      }
    }
  },
};
