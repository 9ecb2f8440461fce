export { TraceReader, type TraceQuery, type WaitOptions } from './trace-reader';
export {
  hasAnnotation, hasNoFault, hasNoRepeatedCalls, hasSubsegment, isConnected, passesThrough, staysWithin, takesAtMost,
  type CheckResult, type ServicePattern, type SubsegmentPattern, type TraceBudget,
} from './trace-checks';
export { assertTrace, traceMatchers, type TraceMatchers } from './trace-matchers';
export { normalizeTrace, type NormalizedSegment, type NormalizeOptions } from './normalized-trace';
export { callTree, type ServiceCall } from './call-tree';
export { formatTraceTree } from '../xray/model/format-trace-tree';
export { traceOfReport, type TraceReport } from '../xray/model/trace-of-documents';
export type { Trace, TraceEntry } from '../xray/model/trace';
