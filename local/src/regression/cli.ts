import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { compareRecordings } from './compare-recordings';
import { type ComparisonFormat, formatComparison, FORMATS } from './format-comparison';
import { recordTraces, type TraceRecording } from './trace-recording';
import { TraceReader } from '../assertions/trace-reader';
import { LauncherError } from '../launcher-error';
import { traceOfReport, type TraceReport } from '../xray/model/trace-of-documents';

interface RecordFlags { endpoint: string; filter?: string; since?: Date; report?: string; out: string }
interface CompareFlags { format: ComparisonFormat; out?: string; factor?: number }

/** `record` and `compare`, for a program of its own or as a part of another. */
export function regressionCommands(): Command[] {
  return [
    new Command('record')
      .description('Write down what the traces of an X-Ray API have in common: which calls, how often, how long.')
      .option('--endpoint <url>', 'of an X-Ray API that asks for no signature', 'http://127.0.0.1:2080')
      .option('--filter <expression>', "of X-Ray, such as 'service(\"shop\")'")
      .option('--since <time>', 'traces that began then or later, such as 2026-01-31T12:00:00Z (default: all that the API has of the last day)', time)
      .option('--report <file>', "traces of a file as 'aws xray batch-get-traces' prints it, instead of an API")
      .requiredOption('--out <file>', 'the recording')
      .action(record),
    new Command('compare')
      .description('Compare two recordings. Status 0 when the traces are as before, 1 when they differ.')
      .argument('<before>', 'recording of the code as it was')
      .argument('<after>', 'recording of the code as it is')
      .addOption(new Option('--format <format>', 'of the result').choices(FORMATS).default('text'))
      .option('--out <file>', 'write the result there, too')
      .option('--factor <number>', 'how many times slower a median may become (default: 1.5)', factor)
      .action(compare),
  ];
}

function time(text: string): Date {
  const found = new Date(text);
  if (Number.isNaN(found.getTime())) throw new InvalidArgumentError('it has to be a time, such as 2026-01-31T12:00:00Z.');
  return found;
}

function factor(text: string): number {
  const found = Number(text);
  if (!(found > 1)) throw new InvalidArgumentError('it has to be a number of more than 1.');
  return found;
}

async function record(flags: RecordFlags): Promise<void> {
  const traces = flags.report === undefined
    ? await new TraceReader(flags.endpoint).traces({ filter: flags.filter, since: flags.since ?? new Date(Date.now() - 24 * 3_600_000) })
    : (readJson(flags.report) as { Traces?: TraceReport[] }).Traces?.map(traceOfReport) ?? [];
  const recording = recordTraces(traces.filter((trace) => !trace.segments.some(({ inProgress }) => inProgress)));
  const entries = Object.entries(recording.entries);
  if (entries.length === 0) throw new LauncherError(`there are no traces at ${flags.report ?? flags.endpoint}; send requests first, or set --since and --filter`);
  writeFileSync(flags.out, `${JSON.stringify(recording, undefined, 2)}\n`);
  process.stdout.write(`${flags.out}: ${entries.map(([entry, { runs }]) => `${entry} (${runs})`).join(', ')}\n`);
}

function compare(beforeFile: string, afterFile: string, flags: CompareFlags): void {
  const [before, after] = [beforeFile, afterFile].map(readRecording);
  const differences = compareRecordings(before, after, { factor: flags.factor });
  const text = formatComparison(differences, before, after, flags.format);
  if (flags.out !== undefined) writeFileSync(flags.out, text);
  process.stdout.write(text);
  if (differences.length > 0) process.exitCode = 1;
}

function readRecording(file: string): TraceRecording {
  const recording = readJson(file) as Partial<TraceRecording>;
  if (recording.version !== 1 || typeof recording.entries !== 'object') throw new LauncherError(`'${file}' is no recording of traces; make one with 'record --out ${file}'`);
  return recording as TraceRecording;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LauncherError(`'${file}' cannot be read as JSON: ${(error as Error).message}`);
  }
}
