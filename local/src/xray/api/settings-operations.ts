import { ApiError } from '../api-error';
import { object, operation, Operation, TAGS, TEXT, TEXTS, TIME } from './operation';
import type { Tag } from '../settings/tags';

const ARN = { type: 'string', minLength: 1 };
const ENCRYPTION = 'encryption';
const DESTINATION = 'traceSegmentDestination';
const INDEXING = 'indexingPercentage';

/** Resource policies, tags, encryption, and what belongs to Transaction Search: kept and answered; nothing here is encrypted or billed. */
export const settingsOperations: Operation[] = [
  operation<{ PolicyName: string; PolicyDocument: string; PolicyRevisionId?: string }>(
    'PutResourcePolicy', '/PutResourcePolicy',
    object({ PolicyName: TEXT, PolicyDocument: TEXT, PolicyRevisionId: TEXT, BypassPolicyLockoutCheck: { type: 'boolean' } }, ['PolicyName', 'PolicyDocument']),
    (input, { policies }) => ({ ResourcePolicy: policies.put(input.PolicyName, input.PolicyDocument, input.PolicyRevisionId) }),
  ),
  operation('ListResourcePolicies', '/ListResourcePolicies', object({ NextToken: TEXT }), (_, { policies }) => ({ ResourcePolicies: policies.list() })),
  operation<{ PolicyName: string; PolicyRevisionId?: string }>(
    'DeleteResourcePolicy', '/DeleteResourcePolicy', object({ PolicyName: TEXT, PolicyRevisionId: TEXT }, ['PolicyName']),
    (input, { policies }) => {
      policies.delete(input.PolicyName, input.PolicyRevisionId);
      return {};
    },
  ),
  operation<{ ResourceARN: string }>(
    'ListTagsForResource', '/ListTagsForResource', object({ ResourceARN: ARN, NextToken: TEXT }, ['ResourceARN']),
    ({ ResourceARN: arn }, { tags }) => ({ Tags: tags.list(arn) }),
  ),
  operation<{ ResourceARN: string; Tags: Tag[] }>(
    'TagResource', '/TagResource', object({ ResourceARN: ARN, Tags: TAGS }, ['ResourceARN', 'Tags']),
    ({ ResourceARN: arn, Tags: list }, { tags }) => {
      tags.add(arn, list);
      return {};
    },
  ),
  operation<{ ResourceARN: string; TagKeys: string[] }>(
    'UntagResource', '/UntagResource', object({ ResourceARN: ARN, TagKeys: TEXTS }, ['ResourceARN', 'TagKeys']),
    ({ ResourceARN: arn, TagKeys: keys }, { tags }) => {
      tags.remove(arn, keys);
      return {};
    },
  ),
  operation('GetEncryptionConfig', '/EncryptionConfig', object({}), (_, { settings }) => ({
    EncryptionConfig: settings.get(ENCRYPTION, { Type: 'NONE', Status: 'ACTIVE' }),
  })),
  operation<{ Type: 'NONE' | 'KMS'; KeyId?: string }>(
    'PutEncryptionConfig', '/PutEncryptionConfig', object({ Type: { enum: ['NONE', 'KMS'] }, KeyId: TEXT }, ['Type']),
    ({ Type: type, KeyId: key }, { settings }) => {
      if ((type === 'KMS') !== (key !== undefined)) throw new ApiError(type === 'KMS' ? 'KeyId is required for type KMS' : 'KeyId must be absent for type NONE');
      const config = { ...(key === undefined ? {} : { KeyId: key }), Type: type, Status: 'ACTIVE' };
      settings.set(ENCRYPTION, config);
      return { EncryptionConfig: config };
    },
  ),
  operation('GetTraceSegmentDestination', '/GetTraceSegmentDestination', object({}), (_, { settings }) => ({
    Destination: settings.get(DESTINATION, 'XRay'), Status: 'ACTIVE',
  })),
  operation<{ Destination?: string }>(
    'UpdateTraceSegmentDestination', '/UpdateTraceSegmentDestination', object({ Destination: { enum: ['XRay', 'CloudWatchLogs'] } }),
    ({ Destination: destination }, { settings }) => {
      if (destination !== undefined) settings.set(DESTINATION, destination);
      return { Destination: settings.get(DESTINATION, 'XRay'), Status: 'ACTIVE' };
    },
  ),
  operation('GetIndexingRules', '/GetIndexingRules', object({ NextToken: TEXT }), (_, { settings }) => ({
    IndexingRules: [{ Name: 'Default', Rule: { Probabilistic: indexing(settings.get(INDEXING, 100)) } }],
  })),
  operation<{ Name: string; Rule: { Probabilistic?: { DesiredSamplingPercentage: number } } }>(
    'UpdateIndexingRule', '/UpdateIndexingRule', object({
      Name: { const: 'Default' },
      Rule: object({ Probabilistic: object({ DesiredSamplingPercentage: { type: 'number', minimum: 0, maximum: 100 } }, ['DesiredSamplingPercentage']) }, ['Probabilistic']),
    }, ['Name', 'Rule']),
    ({ Rule: rule }, { settings }) => {
      settings.set(INDEXING, rule.Probabilistic!.DesiredSamplingPercentage);
      return { IndexingRule: { Name: 'Default', ModifiedAt: Math.floor(Date.now() / 1000), Rule: { Probabilistic: indexing(settings.get(INDEXING, 100)) } } };
    },
  ),
  // Insights are found by AWS's anomaly detection, which is not reproduced here: there are none.
  operation('GetInsightSummaries', '/InsightSummaries', object({ StartTime: TIME, EndTime: TIME }, ['StartTime', 'EndTime']), () => ({ InsightSummaries: [] })),
  ...['/Insight', '/InsightEvents', '/InsightImpactGraph'].map((path) => operation<{ InsightId: string }>(
    `Get${path.slice(1)}`, path, object({ InsightId: TEXT }, ['InsightId']),
    ({ InsightId: id }) => {
      throw new ApiError(`there is no insight '${id}'`);
    },
  )),
];

function indexing(percentage: number): { DesiredSamplingPercentage: number; ActualSamplingPercentage: number } {
  // Every trace is indexed here, whatever is desired.
  return { DesiredSamplingPercentage: percentage, ActualSamplingPercentage: 100 };
}
