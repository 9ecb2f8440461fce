import {
  type CheckResult, hasAnnotation, hasNoFault, hasNoRepeatedCalls, hasSubsegment, isConnected, passesThrough, type ServicePattern, staysWithin,
  type SubsegmentPattern, takesAtMost, type TraceBudget,
} from './trace-checks';
import type { Trace } from '../xray/model/trace';

/** What `expect(trace)` can say. `R` is what a matcher returns: void in Jest and Vitest. */
export interface TraceMatchers<R = void> {
  /** One request went along these services, each called by the one before it: `['incoming', 'AWS::Lambda', 'AWS::Lambda::Function']`. */
  toPassThrough(...path: ServicePattern[]): R;
  /** There is a subsegment with all of this, such as `{ operation: 'PutItem', table: 'items', in: 'xraystarter-ts' }`. */
  toHaveSubsegment(pattern: SubsegmentPattern): R;
  /** Any segment or subsegment has the annotation, with the value if one is given. */
  toHaveAnnotation(key: string, value?: string | number | boolean): R;
  /** Nothing ended with a fault (5xx). */
  toHaveNoFault(): R;
  /** Nothing ended with a fault, an error or a throttle. */
  toHaveNoError(): R;
  /** The whole trace, or each segment of one service, took at most so many milliseconds. */
  toTakeAtMost(milliseconds: number, service?: ServicePattern): R;
  /** One beginning, no parent missing, nothing in progress. */
  toBeConnected(): R;
  /** No service made the same call more than `atMost` times (2) in one place: the N+1 of a loop of reads. */
  toHaveNoRepeatedCalls(options?: { readonly atMost?: number }): R;
  /** No more calls, milliseconds of the critical path, or bytes of responses than this: `{ calls: 5, criticalPath: 300, bytes: 100_000 }`. */
  toStayWithin(budget: TraceBudget): R;
}

/** For `expect.extend` of Jest and of Vitest. */
export const traceMatchers = {
  toPassThrough: (trace: Trace, ...path: ServicePattern[]): CheckResult => passesThrough(checked(trace), path),
  toHaveSubsegment: (trace: Trace, pattern: SubsegmentPattern): CheckResult => hasSubsegment(checked(trace), pattern),
  toHaveAnnotation: (trace: Trace, key: string, value?: string | number | boolean): CheckResult => hasAnnotation(checked(trace), key, value),
  toHaveNoFault: (trace: Trace): CheckResult => hasNoFault(checked(trace)),
  toHaveNoError: (trace: Trace): CheckResult => hasNoFault(checked(trace), { errors: true }),
  toTakeAtMost: (trace: Trace, milliseconds: number, service?: ServicePattern): CheckResult => takesAtMost(checked(trace), milliseconds, service),
  toBeConnected: (trace: Trace): CheckResult => isConnected(checked(trace)),
  toHaveNoRepeatedCalls: (trace: Trace, options?: { readonly atMost?: number }): CheckResult => hasNoRepeatedCalls(checked(trace), options),
  toStayWithin: (trace: Trace, budget: TraceBudget): CheckResult => staysWithin(checked(trace), budget),
};

/** Fails with the tree unless the check passes: for test runners without `expect`. */
export function assertTrace(check: CheckResult): void {
  if (!check.pass) throw new Error(check.message());
}

function checked(value: unknown): Trace {
  if (typeof value === 'object' && value !== null && 'segments' in value && 'startMs' in value) return value as Trace;
  throw new TypeError('expected a trace, as TraceReader gives it; is an await missing?');
}
