import { LOCAL_ACCOUNT, LOCAL_REGION } from '../xray/local-place';
import type { Trace, TraceEntry } from '../xray/model/trace';

/** A function of a trace, with what is needed to find its log lines. */
export interface FunctionRequests {
  readonly functionName: string;
  /** Where it runs: 12 digits, and a name such as `us-east-1`. */
  readonly account: string;
  readonly region: string;
  /** Where the function's segments say that it logs; most say nothing. */
  readonly logGroup: string | undefined;
  /** Lambda's request ids, one for each invocation in the trace; retries keep theirs. */
  readonly requestIds: readonly string[];
  readonly hasFailed: boolean;
}

/** The functions of a trace by Lambda's own segments; what a trace only calls (an inferred segment) writes no log here. */
export function functionRequests(trace: Trace): FunctionRequests[] {
  const functions = new Map<string, { arn: string | undefined; logGroup: string | undefined; requestIds: Set<string>; hasFailed: boolean }>();
  for (const segment of trace.segments) {
    if (segment.inferred || (segment.origin !== 'AWS::Lambda' && segment.origin !== 'AWS::Lambda::Function')) continue;
    const known = functions.get(segment.name) ?? { arn: undefined, logGroup: undefined, requestIds: new Set(), hasFailed: false };
    functions.set(segment.name, known);
    known.arn ??= arnOf(segment);
    known.logGroup ??= logGroupOf(segment);
    known.hasFailed ||= segment.fault || segment.error || segment.subsegments.some(({ fault }) => fault);
    if (segment.origin === 'AWS::Lambda' && typeof segment.aws.request_id === 'string') known.requestIds.add(segment.aws.request_id);
  }
  return [...functions].map(([functionName, { arn, logGroup, requestIds, hasFailed }]) => {
    const [, , , region = LOCAL_REGION, account = LOCAL_ACCOUNT] = arn?.split(':') ?? [];
    return { functionName, account, region, logGroup, requestIds: [...requestIds], hasFailed };
  });
}

/** `arn:aws:lambda:us-east-1:000000000000:function:name`, which Lambda writes into the function's own segment. */
function arnOf({ aws: { function_arn: arn } }: TraceEntry): string | undefined {
  return typeof arn === 'string' && /^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:/.test(arn) ? arn : undefined;
}

/** Where a segment says it logs (`aws.cloudwatch_logs`); Lambda itself does not say. */
function logGroupOf(segment: TraceEntry): string | undefined {
  const groups = segment.aws.cloudwatch_logs;
  const first: unknown = Array.isArray(groups) ? groups[0] : undefined;
  const group = typeof first === 'object' && first !== null ? (first as { log_group?: unknown }).log_group : undefined;
  return typeof group === 'string' && group !== '' ? group : undefined;
}
