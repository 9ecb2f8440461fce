import { object, operation, Operation, TAGS, TEXT, TIME } from './operation';
import { SamplingRules, SamplingStatisticsDocument } from '../settings/sampling-rules';
import type { Tag } from '../settings/tags';

const COUNT = { type: 'integer', minimum: 0 };
const STATISTICS = object({
  RuleName: TEXT, ClientID: TEXT, Timestamp: TIME, RequestCount: COUNT, SampledCount: COUNT, BorrowCount: COUNT,
}, ['RuleName', 'ClientID', 'Timestamp', 'RequestCount', 'SampledCount']);

const RULE_FIELDS = {
  RuleName: { type: 'string', minLength: 1, maxLength: 32 },
  RuleARN: TEXT,
  ResourceARN: { type: 'string', maxLength: 500 },
  Priority: { type: 'integer', minimum: 1, maximum: 9999 },
  FixedRate: { type: 'number', minimum: 0, maximum: 1 },
  ReservoirSize: COUNT,
  ServiceName: { type: 'string', maxLength: 64 },
  ServiceType: { type: 'string', maxLength: 64 },
  Host: { type: 'string', maxLength: 64 },
  HTTPMethod: { type: 'string', maxLength: 10 },
  URLPath: { type: 'string', maxLength: 128 },
  Version: { const: 1 },
  Attributes: { type: 'object', additionalProperties: TEXT, maxProperties: 5 },
};
const REQUIRED = ['ResourceARN', 'Priority', 'FixedRate', 'ReservoirSize', 'ServiceName', 'ServiceType', 'Host', 'HTTPMethod', 'URLPath', 'Version'];

type Rule = Parameters<SamplingRules['create']>[0];

/** What SDKs ask of a daemon: these two are also served on the daemon's TCP port. */
export const daemonOperations: Operation[] = [
  operation('GetSamplingRules', '/GetSamplingRules', object({ NextToken: TEXT }), (_, { rules }) => ({ SamplingRuleRecords: rules.list() })),
  operation<{ SamplingStatisticsDocuments: SamplingStatisticsDocument[] }>(
    'GetSamplingTargets', '/SamplingTargets',
    object({ SamplingStatisticsDocuments: { type: 'array', items: STATISTICS } }, ['SamplingStatisticsDocuments']),
    ({ SamplingStatisticsDocuments: documents }, { rules }) => rules.targets(documents),
  ),
];

export const samplingOperations: Operation[] = [
  ...daemonOperations,
  operation<{ SamplingRule: Rule; Tags?: Tag[] }>(
    'CreateSamplingRule', '/CreateSamplingRule', object({ SamplingRule: object(RULE_FIELDS, REQUIRED), Tags: TAGS }, ['SamplingRule']),
    ({ SamplingRule: rule, Tags: list }, { rules, tags }) => {
      tags.checkNew(list ?? []);
      const record = rules.create(rule);
      if (list !== undefined) tags.add(record.SamplingRule.RuleARN, list);
      return { SamplingRuleRecord: record };
    },
  ),
  operation<{ SamplingRuleUpdate: Partial<Rule> }>(
    'UpdateSamplingRule', '/UpdateSamplingRule',
    object({ SamplingRuleUpdate: object({ ...RULE_FIELDS, Priority: { type: 'integer', minimum: 1, maximum: 10000 } }) }, ['SamplingRuleUpdate']),
    ({ SamplingRuleUpdate: update }, { rules }) => ({ SamplingRuleRecord: rules.update(update) }),
  ),
  operation<{ RuleName?: string; RuleARN?: string }>(
    'DeleteSamplingRule', '/DeleteSamplingRule', object({ RuleName: TEXT, RuleARN: TEXT }),
    (key, { rules, tags }) => {
      const record = rules.delete(key);
      tags.forget(record.SamplingRule.RuleARN);
      return { SamplingRuleRecord: record };
    },
  ),
  operation('GetSamplingStatisticSummaries', '/SamplingStatisticSummaries', object({ NextToken: TEXT }), (_, { rules }) => ({
    SamplingStatisticSummaries: rules.statistics(),
  })),
];
