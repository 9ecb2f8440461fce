import type { FastifyInstance } from 'fastify';
import {
  hasAnnotation, hasNoFault, hasSubsegment, isConnected, passesThrough, takesAtMost, type CheckResult, type ServicePattern, type SubsegmentPattern,
} from './trace-checks';
import { TraceReader, type TraceQuery } from './trace-reader';
import { formatTraceTree, traceOfReport, type TraceStore } from '../xray';
import { ApiError } from '../xray/api-error';
import type { Trace } from '../xray/model/trace';

/** The checks by their names, for tests in languages that cannot import them. Each takes the arguments of the function of that name after the trace. */
const CHECKS: Readonly<Record<string, (trace: Trace, args: readonly unknown[]) => CheckResult>> = {
  passesThrough: (trace, args) => passesThrough(trace, args as ServicePattern[]),
  hasSubsegment: (trace, [pattern]) => hasSubsegment(trace, (pattern ?? {}) as SubsegmentPattern),
  hasAnnotation: (trace, [key, value]) => hasAnnotation(trace, String(key), value as string | undefined),
  hasNoFault: (trace, [options]) => hasNoFault(trace, (options ?? {}) as { errors?: boolean }),
  takesAtMost: (trace, [milliseconds, service]) => takesAtMost(trace, Number(milliseconds), service as ServicePattern | undefined),
  isConnected: trace => isConnected(trace),
};

interface CheckRequest {
  readonly traceId?: string;
  readonly check?: string;
  readonly args?: readonly unknown[];
}

interface WaitRequest extends Omit<TraceQuery, 'since'> {
  readonly count?: number;
  /** Seconds since 1970. */
  readonly since?: number;
  readonly timeoutMs?: number;
}

/**
 * The assertions over HTTP, for tests in other languages (local/pytest).
 * `POST /local/assertions/wait`: a `WaitRequest`; answers `{"Traces"}` as BatchGetTraces does, or 408 with what there is instead.
 * `POST /local/assertions/check`: a `CheckRequest`, in whose patterns `{"pattern": "^x"}` is a regular expression; answers `{"pass","message"}`.
 * `GET /local/assertions/tree/<id>`: the trace as text.
 */
export function addAssertionRoutes(app: FastifyInstance, store: TraceStore): void {
  const report = (id: string) => {
    const [found] = store.batchGetTraces([id]).Traces;
    if (!found) throw new ApiError(`there is no trace '${id.slice(0, 100)}'`, 'ResourceNotFoundException');
    return found;
  };
  app.post('/local/assertions/wait', async request => {
    const { count = 1, since, timeoutMs, ...query } = requestBody<WaitRequest>(request.body);
    const { address, port } = app.server.address() as { address: string; port: number };
    const reader = new TraceReader(`http://${address}:${port}`, since === undefined ? undefined : new Date(since * 1000));
    try {
      const traces = await reader.waitForTraces(count, query, { timeoutMs });
      return { Traces: traces.map(({ id }) => report(id)) };
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(error.message);
      throw new ApiError((error as Error).message, 'InvalidRequestException', 408);
    }
  });
  app.post('/local/assertions/check', request => {
    const { traceId = '', check = '', args = [] } = requestBody<CheckRequest>(request.body);
    if (!Object.hasOwn(CHECKS, check)) throw new ApiError(`there is no check '${check}'; there are ${Object.keys(CHECKS).join(', ')}`);
    try {
      const { pass, message } = CHECKS[check](traceOfReport(report(traceId)), args.map(withExpressions));
      return { pass, message: message() };
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) throw new ApiError(error.message);
      throw error;
    }
  });
  app.get<{ Params: { id: string } }>('/local/assertions/tree/:id', ({ params }, reply) => reply.type('text/plain').send(formatTraceTree(traceOfReport(report(params.id)))));
}

function requestBody<T>(body: unknown): T {
  if (typeof body !== 'object' || body === null) throw new ApiError('the body has to be a JSON object');
  return body as T;
}

/** JSON has no regular expressions. */
function withExpressions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { pattern, ...others } = value as { pattern?: unknown };
  if (typeof pattern === 'string' && Object.keys(others).length === 0) return new RegExp(pattern);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, key === 'annotations' ? entry : withExpressions(entry)]));
}
