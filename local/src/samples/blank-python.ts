import { missingInTrace } from './missing-in-trace';
import type { Missing, Sample, SampleContext, TrafficContext } from './sample';
import { callFunction, labelOf, newTraceId, output, type FunctionCall } from './traced-calls';

/** Calls the function of the stack `blank-python`: first with a cold start, then a few times more. */
export class BlankPythonSample implements Sample {
  public readonly stackName = 'blank-python';
  public readonly description = "a function in Python with its dependencies in a layer -> Lambda's GetAccountSettings";
  private readonly calls: FunctionCall[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    for (const asynchronous of [false, false, true]) {
      const call = { functionName: output(this, context, 'LambdaName'), asynchronous, traceId: newTraceId() };
      await callFunction(context, call, {});
      this.calls.push(call);
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const traces = new Map((await context.traces()).map(trace => [trace.id, trace]));
    return this.calls.flatMap(call => missingInTrace(traces.get(call.traceId), {
      segments: [{ origin: 'AWS::Lambda', count: 1 }, { origin: 'AWS::Lambda::Function', count: 1 }],
      functions: [{
        name: call.functionName, asynchronous: call.asynchronous, subsegments: [{ name: 'Lambda', aws: { operation: 'GetAccountSettings' } }],
      }],
    }).map(what => ({ subject: labelOf(call), what: `${what} in trace ${call.traceId}` })));
  }
}
