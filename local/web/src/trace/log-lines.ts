import type { FunctionLogs, LogLine } from '../../../src/function-logs/trace-logs';

/** A log line as the page shows it. `platform` are Lambda's own lines: START, END, REPORT, INIT_START. */
export interface ShownLine extends LogLine {
  readonly key: string;
  readonly functionName: string;
  readonly logGroup: string;
  readonly level: 'platform' | 'error' | 'warning' | 'other';
}

const PLATFORM = /^(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION|XRAY|RESTORE_START|RESTORE_REPORT)\b/;
/** Levels are written in capitals, or as a level: `"failed": 0` and `no error` are no errors. */
const ERROR = /\bERROR\b|\bFATAL\b|"level"\s*:\s*"(error|fatal)"|^Traceback |Task timed out after|Runtime exited|"errorType"|^\w*(Error|Exception)\b/;
const WARNING = /^\[WARN(ING)?\]|\bWARN(ING)?\b|"level"\s*:\s*"warn(ing)?"/;

/** Lines of one function, or of all of them in order of time. */
export function shownLines(functions: readonly FunctionLogs[], functionName: string | undefined): ShownLine[] {
  return functions
    .filter((logs) => functionName === undefined || logs.functionName === functionName)
    .flatMap(({ functionName: name, logGroup, lines }) => lines.map((line, index) => ({
      ...line, key: `${name} ${index}`, functionName: name, logGroup, level: levelOf(line.message),
    })))
    .sort((a, b) => a.at - b.at);
}

function levelOf(message: string): ShownLine['level'] {
  if (PLATFORM.test(message)) return /\tStatus: (error|timeout)/.test(message) ? 'error' : 'platform';
  if (ERROR.test(message)) return 'error';
  return WARNING.test(message) ? 'warning' : 'other';
}
