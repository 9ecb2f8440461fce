import { TraceSummaryQuery, traceSummaries } from '../query/trace-summaries';
import { object, operation, Operation, TEXT, TEXTS, TIME, timeMs } from './operation';

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
      SamplingStrategy: object({ Name: { enum: ['PartialScan', 'FixedRate'] }, Value: { type: 'number' } }), FilterExpression: TEXT, NextToken: TEXT,
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
];
