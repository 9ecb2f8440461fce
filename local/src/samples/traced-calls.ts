import { randomBytes } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Sample, TrafficContext } from './sample';

/** What every AWS SDK command is, as far as a header is concerned. */
interface Command {
  readonly middlewareStack: { add(middleware: (next: any) => any, options: { step: 'build'; name: string }): void };
}

/** A command whose call, and all that follows from it, is the trace of this id: the sender decides, so no sampling rule can drop it. */
export function inTrace<C extends Command>(traceId: string, command: C): C {
  command.middlewareStack.add((next: (args: any) => any) => (args: { request: { headers: Record<string, string> } }) => {
    args.request.headers['X-Amzn-Trace-Id'] = `Root=${traceId};Sampled=1`;
    return next(args);
  }, { step: 'build', name: 'traceHeader' });
  return command;
}

/** One call of a function, which is one trace. */
export interface FunctionCall {
  readonly functionName: string;
  readonly asynchronous: boolean;
  readonly traceId: string;
  /** Whether the function is meant to fail. @default false */
  readonly fails?: boolean;
}

/** Calls a function and gives the id of the request. Fails when a synchronous call does not end as it is meant to. */
export async function callFunction(context: TrafficContext, call: FunctionCall, event: unknown): Promise<string> {
  const { functionName, asynchronous, traceId, fails = false } = call;
  const client = new LambdaClient({ endpoint: context.endpoint });
  try {
    const { FunctionError: error, $metadata } = await client.send(inTrace(traceId, new InvokeCommand({
      FunctionName: functionName, InvocationType: asynchronous ? 'Event' : 'RequestResponse', Payload: JSON.stringify(event),
    })), { abortSignal: context.signal });
    if (error && !fails) throw new Error(`${functionName} failed (${error}); its log says why`);
    if (!error && fails && !asynchronous) throw new Error(`${functionName} did not fail, although it was asked to`);
    context.log(`called ${functionName} ${asynchronous ? 'asynchronously' : 'synchronously'} as trace ${traceId}${fails ? ', to fail' : ''}`);
    return $metadata.requestId!;
  } finally {
    client.destroy();
  }
}

/** The call as a person should see it. */
export function labelOf({ functionName, asynchronous, fails }: FunctionCall): string {
  return `${fails ? 'failing ' : ''}${asynchronous ? 'asynchronous' : 'synchronous'} call of ${functionName}`;
}

/** `1-<8 hex digits: seconds since 1970>-<24 hex digits>` */
export function newTraceId(): string {
  return `1-${Math.floor(Date.now() / 1000).toString(16).padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}

/** An output of the sample's stack. */
export function output(sample: Pick<Sample, 'stackName'>, { outputs }: Pick<TrafficContext, 'outputs'>, name: string): string {
  if (outputs[name]) return outputs[name];
  throw new Error(`the stack ${sample.stackName} has no output '${name}' (it has: ${Object.keys(outputs).join(', ') || 'none'}); deploy it again`);
}
