const SHOWN_LINES = 40;
/** A line that is longer is code that a program shows around its error: minified, as most of what is installed. */
const LONGEST_LINE = 1_500;

/** What the CDK CLI says of its own work, and of what to type next. */
const NOT_FOR_PEOPLE = new RegExp([
  'feature flags are not configured', '^Successfully synthesized to ', '^Supply a stack id ', '^✨ ', ': (?:start|success): ',
  ': creating CloudFormation changeset', 'CloudTrail delivery can lag',
].join('|'));

/** Of Node.js, which puts an error that has no stack into brackets, of CDK (`[«Code» ...`), of Python and Java, and of the CLI. */
const ERROR_BEGINS = new RegExp([
  /^(?:Uncaught )?\[?(?:[A-Z]\w*)?Error(?: \[\w+\])?: /, /^\[«\w+» /, /^(?:[a-z]\w*\.)+(?:[A-Z]\w*)(?:Error|Exception)?: /, /^[A-Z]\w*(?:Error|Exception|Interrupt|Exit): /,
  /^Exception in thread "[^"]*" (?:[\w$]+\.)*[\w$]+(?:: |$)/, /^Unhandled exception\. /, /^panic: /, /^❌ {1,2}/, /^(?=No stacks? match)/,
].map(({ source }) => source).join('|'));
/** Names of classes that add nothing to their message; `SyntaxError` and `ModuleNotFoundError` do. */
const SAYS_NOTHING = /^❌ {1,2}|^(?:Uncaught )?(?:\[(?=\S*Error)|\[«\w+» )?(?:(?:TS|Toolkit|(?:Unscoped)?Validation|Assumption)?Error(?: \[\w+\])?: )?/;
const STACK_BEGINS = /^\s+at |^Node\.js v|^\s*\{$|^goroutine |^\s+\.\.\.\S|^\s*\(no user code|^Relates to construct/;

/** A compiler's or bundler's own line: it names file and line. */
const TOOL_ERROR = new RegExp([
  /^\s*✘ \[ERROR\] /, /^\s*\S+\.\w+[(:]\d+[,:]\d+\)?:? (?:- )?(?:fatal )?error\b/, /^\S+\.go:\d+(?::\d+)?: /, /^\[ERROR\] \S+\.(?:java|kt):\[\d+,\d+\] /, /: error (?:CS|FS|BC)\d+: /,
].map(({ source }) => source).join('|'));

const WARNING = /^\s*(?:\[?warn(?:ing)?\b|npm warn\b|\(node:\d+\) |\(Use `node --trace-)/i;
const OF_A_LIBRARY = /node_modules|node:|site-packages|dist-packages|<frozen |\((?:java|jdk|sun|software\.amazon)\b|at (?:java|jdk|sun|software\.amazon)\./;

/** Whether a line of output is progress that a person wants to see. */
export function isProgress(line: string): boolean {
  return !NOT_FOR_PEOPLE.test(line) && !WARNING.test(line);
}

/** Whether a line begins an error, or belongs to what Node.js prints around one. */
export function isOfError(line: string): boolean {
  return ERROR_BEGINS.test(line) || TOOL_ERROR.test(line) || /^\s+(throw |at )|:\d+$|^\s*\^+$|^Traceback /.test(line) || line.length > LONGEST_LINE;
}

/**
 * What went wrong, in the words of the program that found it and with the place in the app's code; no stack, and no warnings of others.
 * Undefined where there is no output.
 */
export function errorOf(output: string): string | undefined {
  const lines = output.split('\n').filter(line => line.trim() !== '' && line.length <= LONGEST_LINE && !NOT_FOR_PEOPLE.test(line));
  const annotations = annotatedErrors(lines);
  if (annotations.length > 0) return annotations.join('\n');
  const error = thrownError(lines);
  const found = toolErrors(lines).filter(line => !error?.includes(line));
  if (error) return [error, ...found].slice(0, SHOWN_LINES).join('\n');
  if (found.length > 0) return found.slice(0, SHOWN_LINES).join('\n');
  const others = lines.filter(line => !WARNING.test(line));
  return (others.length > 0 ? others : lines).slice(-SHOWN_LINES).join('\n') || undefined;
}

/** `Annotations.of(construct).addError(...)`, as the CLI prints it today and as it did before. */
function annotatedErrors(lines: string[]): string[] {
  return lines.flatMap((line, index) => {
    const [, message] = /^ERROR (.*) \(Construct Annotations\)$/.exec(line) ?? [];
    if (message === undefined) {
      const [, path, older] = /^\[Error at ([^\]]+)\] (.*)$/.exec(line) ?? [];
      return older === undefined ? [] : [`${older} (${path})`];
    }
    const place = /^\S+:\d+:\d+$/.test(lines[index - 1] ?? '') ? `\n  at ${lines[index - 1]}` : '';
    return [`${message} (${(lines[index + 1] ?? '').trim()})${place}`];
  });
}

function thrownError(lines: string[]): string | undefined {
  const traceback = lines.map(line => /^Traceback \(most recent call last\):/.test(line)).lastIndexOf(true);
  const start = lines.findIndex((line, index) => index > traceback && ERROR_BEGINS.test(line));
  if (start < 0) return undefined;
  const rest = lines.findIndex((line, index) => index > start && STACK_BEGINS.test(line));
  const end = rest < 0 ? lines.findIndex((line, index) => index > start && /: Subprocess exited with error \d+$/.test(line)) : rest;
  const text = lines.slice(start, end < 0 ? start + SHOWN_LINES : Math.min(end, start + SHOWN_LINES)).join('\n');
  const message = (/^(?:Uncaught )?\[/.test(text) ? text.replace(/\]$/, '') : text).replace(SAYS_NOTHING, '');
  const place = traceback < 0 ? frameOf(lines, start) : pythonFrameOf(lines.slice(traceback, start));
  return place ? `${message}\n  ${place}` : message;
}

/** The place in the app's own code says more than the library's. */
function frameOf(lines: string[], start: number): string | undefined {
  const frame = lines.slice(start).find(line => /^\s+at .*[:/]/.test(line) && !OF_A_LIBRARY.test(line));
  if (frame) return frame.trim();
  // Where a file cannot be parsed, Node.js says its place above the error.
  const place = lines[start].startsWith('SyntaxError') && lines.slice(Math.max(0, start - 4), start).find(line => /^\S.*:\d+$/.test(line) && !OF_A_LIBRARY.test(line));
  return place ? `at ${place}` : undefined;
}

function pythonFrameOf(lines: string[]): string | undefined {
  const frames = lines.map(line => /^\s+File "([^"]+)", line (\d+)/.exec(line)).filter(frame => frame !== null);
  const [, file, line] = frames.filter(([, name]) => !OF_A_LIBRARY.test(name)).at(-1) ?? frames.at(-1) ?? [];
  return file && `at ${file}:${line}`;
}

/** The lines of compilers and bundlers, each with the lines that are indented below it. */
function toolErrors(lines: string[]): string[] {
  const found: string[] = [];
  let isInside = false;
  for (const line of lines) {
    isInside = TOOL_ERROR.test(line) || (isInside && /^\s/.test(line) && !STACK_BEGINS.test(line));
    if (isInside) found.push(line);
  }
  return found;
}
