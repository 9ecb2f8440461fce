import { object, operation, Operation, TEXT, TEXTS, TIME, timeMs } from './operation';
import { serviceGraph, traceGraph } from '../query/service-graph';
import { timeSeries } from '../query/time-series';

interface RangeInput {
  StartTime: number | string;
  EndTime: number | string;
  GroupName?: string;
  GroupARN?: string;
}

const RANGE = { StartTime: TIME, EndTime: TIME, GroupName: TEXT, GroupARN: TEXT, NextToken: TEXT };

function rangeOf(input: RangeInput): { startMs: number; endMs: number; GroupName?: string; GroupARN?: string } {
  return {
    startMs: timeMs(input.StartTime, 'StartTime'),
    endMs: timeMs(input.EndTime, 'EndTime'),
    GroupName: input.GroupName,
    GroupARN: input.GroupARN,
  };
}

export const graphOperations: Operation[] = [
  operation<RangeInput>(
    'GetServiceGraph', '/ServiceGraph', object(RANGE, ['StartTime', 'EndTime']),
    (input, context) => serviceGraph(context, rangeOf(input)),
  ),
  operation<{ TraceIds: string[] }>(
    'GetTraceGraph', '/TraceGraph', object({ TraceIds: TEXTS, NextToken: TEXT }, ['TraceIds']),
    ({ TraceIds: ids }, context) => traceGraph(context, ids),
  ),
  operation<RangeInput & { EntitySelectorExpression?: string; Period?: number }>(
    'GetTimeSeriesServiceStatistics', '/TimeSeriesServiceStatistics', object({
      ...RANGE, EntitySelectorExpression: { type: 'string', maxLength: 500 }, Period: { type: 'integer' }, ForecastStatistics: { type: 'boolean' },
    }, ['StartTime', 'EndTime']),
    (input, context) => timeSeries(context, { ...rangeOf(input), entitySelector: input.EntitySelectorExpression, period: input.Period }),
  ),
];
