import { Rule } from './rule';
import { samplingRuleOf } from './sampling-rule-ignored-by-lambda';

export const samplingRuleSamplesNothing: Rule = {
  id: 'TF041',
  name: 'sampling-rule-samples-nothing',
  title: 'A sampling rule that samples nothing',
  severity: 'warning',
  explanation: `With a rate of 0 and no reservoir no request that the rule matches is traced, and since its decision goes on with the request, neither is anything behind it.
For health checks that is what one wants; for a rule that matches every path it is not: only those are reported.`,
  fix: { cdk: 'new SamplingRule(this, ..., { rate: 0.05, reservoir: 1 })', cloudformation: 'FixedRate: 0.05' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html',
  check: function* ({ app }) {
    for (const rule of app.ofType('AWS::XRay::SamplingRule')) {
      const { FixedRate: rate, ReservoirSize: reservoir, URLPath: path, SamplingRateBoost: boost } = samplingRuleOf(rule);
      if (Number(rate) === 0 && Number(reservoir) === 0 && (path === undefined || path === '*' || path === '/*') && boost === undefined) {
        yield { resource: rule, message: 'the rule has the rate 0 and no reservoir, and matches every path: what it matches is never traced' };
      }
    }
  },
};
