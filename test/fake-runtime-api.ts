import { spawn } from 'child_process';
import { createServer, IncomingMessage, ServerResponse } from 'http';
import { AddressInfo } from 'net';

/** What Lambda's runtime API tells a program about one request. */
export interface RuntimeRequest {
  readonly event: unknown;
  /** Such as `Root=...;Parent=...;Sampled=1`. */
  readonly traceHeader?: string;
  /** From the moment that the program gets the request. */
  readonly millisecondsLeft?: number;
}

/** What a program tells of a request that failed. */
export interface RuntimeError {
  readonly errorMessage: string;
  readonly errorType: string;
  readonly stackTrace?: string[];
}

export interface ServedRequests {
  /** For each request what the program answered: JSON, or the message of an error and all that it said of it. */
  readonly answers: { value?: any; error?: string; failure?: RuntimeError }[];
  /** All that it printed. */
  readonly output: string;
}

/**
 * Starts a program that asks Lambda's runtime API for work, gives it one request, and ends it after its answer. Gives the answer.
 *
 * @throws with the program's output when it ends without an answer, or answers with an error
 */
export async function serveOnce(program: string, env: Record<string, string>, request: RuntimeRequest): Promise<unknown> {
  const { answers: [{ value, error }], output } = await serve(program, env, [request]);
  if (error !== undefined) {
    throw new Error(`'${program}' answered with an error: ${error}\n${output}`);
  }
  return value;
}

/**
 * The same with several requests, one after the other.
 *
 * @param killed ends the program before it has answered, as Lambda does when its time has run out
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * @throws with the program's output when it ends before it has answered them all
 */
export async function serve(
  program: string, env: Record<string, string>, requests: RuntimeRequest[], args: string[] = [], killed = new Promise<void>(() => undefined),
): Promise<ServedRequests> {
  const answers: ServedRequests['answers'] = [];
  let given = 0;
  let finish: () => void;
  let refuse: (error: Error) => void;
  const finished = new Promise<void>((resolve, reject) => [finish, refuse] = [resolve, reject]);
  finished.catch(() => undefined); // of a program that was killed
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    let body = '';
    incoming.on('data', text => body += text).on('end', () => {
      if (incoming.url!.endsWith('/invocation/next')) {
        const next = requests[given];
        if (!next) {
          return; // as on Lambda, the program waits
        }
        given += 1;
        response.writeHead(200, {
          'Content-Type': 'application/json', // Java's client crashes without it
          'Lambda-Runtime-Aws-Request-Id': `request${given}`,
          ...next.traceHeader && { 'Lambda-Runtime-Trace-Id': next.traceHeader },
          'Lambda-Runtime-Deadline-Ms': String(Date.now() + (next.millisecondsLeft ?? 60_000)),
          'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-west-1:123456789012:function:function',
        }).end(JSON.stringify(next.event));
        return;
      }
      response.writeHead(202).end();
      if (/\/invocation\/request\d+\/response$/.test(incoming.url!)) {
        answers.push({ value: JSON.parse(body) });
      } else if (/\/invocation\/request\d+\/error$/.test(incoming.url!)) {
        const failure = JSON.parse(body) as RuntimeError;
        answers.push({ error: failure.errorMessage, failure });
      } else {
        refuse(new Error(`'${program}' answered ${incoming.url}: ${body}`));
      }
      if (answers.length === requests.length) {
        finish();
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const child = spawn(program, args, { env: { ...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}` }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', text => output += text);
  child.stderr.on('data', text => output += text);
  const ended = new Promise<void>(resolve => child.on('close', (status, signal) => {
    refuse(new Error(`'${program}' ended with ${signal ?? status} before it answered:\n${output}`));
    resolve();
  }));
  child.on('error', error => refuse(error));
  try {
    await Promise.race([finished, killed]);
  } finally {
    child.kill('SIGKILL');
    await ended;
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
  return { answers, output };
}
