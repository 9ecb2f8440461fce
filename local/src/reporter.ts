import type { Missing } from './samples/sample';
import { formatTraceTree, type Trace } from './xray';

/** What is known once everything runs. */
export interface Ready {
  /** All outputs by name. */
  readonly outputs: Record<string, string>;
  /** The same by stack. */
  readonly stacks: Record<string, Record<string, string>>;
  /** Address of the X-Ray API and its page. */
  readonly xray: string;
  /** Address of the AWS APIs. */
  readonly endpoint: string;
  /** `127.0.0.1:2000`, for AWS_XRAY_DAEMON_ADDRESS. */
  readonly daemon: string;
}

/** Tells a person, or a program, what the launcher does. */
export interface Reporter {
  progress(line: string): void;
  warning(line: string): void;
  trace(trace: Trace): void;
  missing(missing: readonly Missing[]): void;
  complete(traces: number, seconds: number): void;
  ready(ready: Ready, stays: boolean): void;
  /** Saved files are deployed from now on. */
  watching(folder: string): void;
  /** What was saved is there; `seconds` since it was noticed. */
  redeployed(files: readonly string[], seconds: number): void;
  error(message: string): void;
}

/** Text for people: results to standard output, progress and problems to standard error. */
export class TextReporter implements Reporter {
  progress(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  warning(line: string): void {
    process.stderr.write(`warning: ${line}\n`);
  }

  trace(trace: Trace): void {
    process.stdout.write(`\n${formatTraceTree(trace)}\n`);
  }

  missing(missing: readonly Missing[]): void {
    process.stderr.write(`\nNot everything arrived; missing:\n${missing.map(({ subject, what }) => `  ${subject}: ${what}`).join('\n')}\n`);
  }

  complete(traces: number, seconds: number): void {
    process.stdout.write(`\nComplete: ${traces} traces, every item and every segment is there (after ${seconds.toFixed(1)} seconds).\n`);
  }

  ready({ stacks, xray, endpoint, daemon }: Ready, stays: boolean): void {
    const outputs = Object.entries(stacks).filter(([, values]) => Object.keys(values).length > 0).map(([stack, values]) => [
      `\nOutputs of ${stack}:`, ...Object.entries(values).map(([name, value]) => `  ${name} = ${value}`),
    ].join('\n'));
    process.stdout.write([
      ...outputs,
      '',
      `X-Ray:         ${xray}`,
      `AWS APIs:      ${endpoint}`,
      `X-Ray daemon:  ${daemon}`,
      ...(stays ? ['', 'Ctrl-C ends it.'] : []),
    ].join('\n') + '\n');
  }

  watching(folder: string): void {
    process.stderr.write(`Watching ${folder}: what is saved is deployed.\n`);
  }

  redeployed(_files: readonly string[], seconds: number): void {
    process.stderr.write(`deployed in ${seconds.toFixed(1)} seconds\n`);
  }

  error(message: string): void {
    process.stderr.write(`${message}\n`);
  }
}

/** One JSON object a line on standard output. */
export class JsonReporter implements Reporter {
  progress(message: string): void {
    this.tell({ event: 'progress', message });
  }

  warning(message: string): void {
    this.tell({ event: 'warning', message });
  }

  trace(trace: Trace): void {
    this.tell({ event: 'trace', id: trace.id, startMs: trace.startMs, durationMs: trace.durationMs, tree: formatTraceTree(trace).split('\n') });
  }

  missing(missing: readonly Missing[]): void {
    this.tell({ event: 'missing', missing });
  }

  complete(traces: number, seconds: number): void {
    this.tell({ event: 'complete', traces, seconds });
  }

  ready({ outputs, ...rest }: Ready): void {
    this.tell({ event: 'ready', outputs, ...rest });
  }

  watching(folder: string): void {
    this.tell({ event: 'watching', folder });
  }

  redeployed(files: readonly string[], seconds: number): void {
    this.tell({ event: 'redeployed', files, seconds });
  }

  error(message: string): void {
    this.tell({ event: 'error', message });
  }

  private tell(event: object): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
