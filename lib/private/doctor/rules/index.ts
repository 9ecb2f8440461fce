import { apiCannotBeTraced } from './api-cannot-be-traced';
import { applicationSignalsBilled } from './application-signals-billed';
import { bucketStartsNoTrace } from './bucket-starts-no-trace';
import { edgeFunction } from './edge-function';
import { functionNotTraced } from './function-not-traced';
import { graphqlApiNotTraced } from './graphql-api-not-traced';
import { layerWithoutWrapper } from './layer-without-wrapper';
import { legacyAdotLayer } from './legacy-adot-layer';
import { logsWithoutTraceId } from './logs-without-trace-id';
import { nothingRecordsCalls } from './nothing-records-calls';
import { otlpWithoutTransactionSearch } from './otlp-without-transaction-search';
import { outdatedLayer } from './outdated-layer';
import { passThroughWithoutTracedCaller } from './pass-through-without-traced-caller';
import { recordingDisabled } from './recording-disabled';
import { restStageNotTraced } from './rest-stage-not-traced';
import { roleCannotWrite } from './role-cannot-write';
import { Rule } from './rule';
import { runtimeOutOfSupport } from './runtime-out-of-support';
import { samplingRuleIgnoredByLambda } from './sampling-rule-ignored-by-lambda';
import { samplingRuleSamplesNothing } from './sampling-rule-samples-nothing';
import { stateMachineNotTraced } from './state-machine-not-traced';
import { topicNotTraced } from './topic-not-traced';
import { topicWithoutResourcePolicy } from './topic-without-resource-policy';
import { traceBecomesLink } from './trace-becomes-link';
import { traceBrokenByUntraced } from './trace-broken-by-untraced';
import { traceLostAtEventOfBucket } from './trace-lost-at-event-of-bucket';
import { traceLostAtLogSubscription } from './trace-lost-at-log-subscription';
import { traceLostAtStream } from './trace-lost-at-stream';
import { traceLostInPipe } from './trace-lost-in-pipe';
import { traceStartsAtSchedule } from './trace-starts-at-schedule';
import { versionKeepsOldMode } from './version-keeps-old-mode';
import { wrapperWithoutLayer } from './wrapper-without-layer';
import { xraySdkInMaintenance } from './xray-sdk-in-maintenance';
import { xraySdkWithConcurrentRequests } from './xray-sdk-with-concurrent-requests';

/** All rules, by their ids. A new one: a file, a line here, and an example that fails and one that passes. */
export const RULES: readonly Rule[] = [
  functionNotTraced,
  passThroughWithoutTracedCaller,
  nothingRecordsCalls,
  roleCannotWrite,
  wrapperWithoutLayer,
  layerWithoutWrapper,
  legacyAdotLayer,
  outdatedLayer,
  xraySdkWithConcurrentRequests,
  applicationSignalsBilled,
  otlpWithoutTransactionSearch,
  edgeFunction,
  versionKeepsOldMode,
  runtimeOutOfSupport,
  xraySdkInMaintenance,
  logsWithoutTraceId,
  recordingDisabled,
  topicNotTraced,
  topicWithoutResourcePolicy,
  restStageNotTraced,
  stateMachineNotTraced,
  graphqlApiNotTraced,
  apiCannotBeTraced,
  traceBecomesLink,
  traceLostAtStream,
  traceLostInPipe,
  traceStartsAtSchedule,
  bucketStartsNoTrace,
  traceLostAtEventOfBucket,
  traceLostAtLogSubscription,
  traceBrokenByUntraced,
  samplingRuleIgnoredByLambda,
  samplingRuleSamplesNothing,
];
