import { randomUUID } from 'node:crypto';
import { ApiError } from '../api-error';
import { ApiContext, object, operation, Operation, TEXT, TEXTS, TIME, timeMs } from './operation';
import { traceGraph } from '../query/service-graph';
import { TraceSummaryQuery, traceSummaries } from '../query/trace-summaries';

/** Retrievals of Transaction Search by their token; the traces are at hand, so each is complete at once. */
const retrievals = new WeakMap<object, Map<string, string[]>>();
const MAX_RETRIEVALS = 100;

function retrievalsOf({ store }: ApiContext): Map<string, string[]> {
  const known = retrievals.get(store) ?? new Map<string, string[]>();
  retrievals.set(store, known);
  return known;
}

function retrieved(context: ApiContext, token: string): string[] {
  const ids = retrievalsOf(context).get(token);
  if (ids === undefined) throw new ApiError(`there is no retrieval with the token '${token}'`, 'ResourceNotFoundException');
  return ids;
}

const RETRIEVAL = object({ RetrievalToken: TEXT, TraceFormat: { enum: ['XRAY', 'OTEL'] }, NextToken: TEXT }, ['RetrievalToken']);

export const traceOperations: Operation[] = [
  operation<{ TraceSegmentDocuments: string[] }>(
    'PutTraceSegments', '/TraceSegments', object({ TraceSegmentDocuments: TEXTS }, ['TraceSegmentDocuments']),
    ({ TraceSegmentDocuments: documents }, { ingest }) => ({ UnprocessedTraceSegments: ingest.documents(documents) }),
  ),
  operation<{ TraceIds: string[] }>(
    'BatchGetTraces', '/Traces', object({ TraceIds: TEXTS, NextToken: TEXT }, ['TraceIds']),
    ({ TraceIds: ids }, { store }) => store.batchGetTraces(ids),
  ),
  operation<{
    StartTime: number | string; EndTime: number | string; TimeRangeType?: TraceSummaryQuery['timeRangeType']; Sampling?: boolean;
    SamplingStrategy?: { Name?: string; Value?: number }; FilterExpression?: string; NextToken?: string;
  }>(
    'GetTraceSummaries', '/TraceSummaries', object({
      StartTime: TIME, EndTime: TIME, TimeRangeType: { enum: ['TraceId', 'Event', 'Service'] }, Sampling: { type: 'boolean' },
      SamplingStrategy: object({ Name: { enum: ['PartialScan', 'FixedRate'] }, Value: { type: 'number', minimum: 0, maximum: 1 } }), FilterExpression: TEXT, NextToken: TEXT,
    }, ['StartTime', 'EndTime']),
    (input, context) => traceSummaries(context, {
      startMs: timeMs(input.StartTime, 'StartTime'),
      endMs: timeMs(input.EndTime, 'EndTime'),
      timeRangeType: input.TimeRangeType ?? 'TraceId',
      filterExpression: input.FilterExpression,
      samplingRate: input.Sampling === true && input.SamplingStrategy?.Name === 'FixedRate' ? input.SamplingStrategy.Value : undefined,
      nextToken: input.NextToken,
    }),
  ),
  operation(
    'PutTelemetryRecords', '/TelemetryRecords',
    object({ TelemetryRecords: { type: 'array', items: object({ Timestamp: TIME }, ['Timestamp']) } }, ['TelemetryRecords']),
    () => ({}),
  ),
  operation<{ TraceIds: string[]; StartTime: number | string; EndTime: number | string }>(
    'StartTraceRetrieval', '/StartTraceRetrieval', object({ TraceIds: TEXTS, StartTime: TIME, EndTime: TIME }, ['TraceIds', 'StartTime', 'EndTime']),
    ({ TraceIds: ids }, context) => {
      const known = retrievalsOf(context);
      const token = randomUUID();
      known.set(token, ids);
      if (known.size > MAX_RETRIEVALS) known.delete(known.keys().next().value!);
      return { RetrievalToken: token };
    },
  ),
  operation<{ RetrievalToken: string; TraceFormat?: string }>('ListRetrievedTraces', '/ListRetrievedTraces', RETRIEVAL, (input, context) => {
    if (input.TraceFormat === 'OTEL') throw new ApiError('traces are kept as X-Ray segments here; ask for TraceFormat XRAY');
    const { Traces: traces } = context.store.batchGetTraces(retrieved(context, input.RetrievalToken));
    return {
      RetrievalStatus: 'COMPLETE',
      TraceFormat: 'XRAY',
      Traces: traces.map(({ Id: id, Duration: duration, Segments: segments }) => ({ Id: id, Duration: duration, Spans: segments })),
    };
  }),
  operation<{ RetrievalToken: string }>('GetRetrievedTracesGraph', '/GetRetrievedTracesGraph', RETRIEVAL, (input, context) => ({
    RetrievalStatus: 'COMPLETE',
    Services: traceGraph(context, retrieved(context, input.RetrievalToken)).Services.map((service) => ({ Service: service, Links: [] })),
  })),
  operation<{ RetrievalToken: string }>('CancelTraceRetrieval', '/CancelTraceRetrieval', RETRIEVAL, (input, context) => {
    retrieved(context, input.RetrievalToken);
    retrievalsOf(context).delete(input.RetrievalToken);
    return {};
  }),
];
