import * as fs from 'fs';
import * as path from 'path';
import { Stage } from 'aws-cdk-lib';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { IConstruct } from 'constructs';

/** As `TracingReportEntry`. */
export interface ReportEntry {
  readonly path: string;
  readonly level: 'traced-function' | 'rebundled' | 'layer' | 'segments' | 'untraced' | 'event-source';
  readonly reason?: string;
  readonly changes: string[];
}

/** Why functions that CDK makes for itself are not traced. They are no concern of the app's author. */
export const CDK_HANDLER = "a handler of CDK's own; set 'cdkHandlers' to trace it";

const REPORT = Symbol.for('cdk-traced-function.TracingReport');
const FOLLOWS = Symbol.for('cdk-traced-function.followsSyntheses');
const FILE = 'tracing-report.json';

/** What was done about each function of an app, and why. It is written beside the templates at each synth. */
export class TracingReport {
  /** The report of the construct tree that the scope belongs to. */
  public static of(scope: IConstruct): TracingReport {
    const root = scope.node.root as IConstruct & { [REPORT]?: TracingReport };
    if (!root[REPORT]) {
      Object.defineProperty(root, REPORT, { value: new TracingReport(root), enumerable: false });
    }
    return root[REPORT]!;
  }

  /** A number of its own while a synth is under way. */
  public synthesis?: number;
  private syntheses = 0;
  private readonly byPath = new Map<string, ReportEntry>();
  /** What has to be done before each synth. */
  private readonly preparations: (() => void)[] = [];
  private told = '';

  private constructor(root: IConstruct) {
    if (Stage.isStage(root)) {
      followSyntheses(root);
    }
  }

  /** Sorted by path, so that two synths of the same app give the same file. */
  public get entries(): ReportEntry[] {
    return [...this.byPath.values()].sort((one, other) => one.path < other.path ? -1 : 1);
  }

  public add(entry: ReportEntry): void {
    this.byPath.set(entry.path, entry);
  }

  public has(constructPath: string): boolean {
    return this.byPath.has(constructPath);
  }

  public beforeSynth(prepare: () => void): void {
    this.preparations.push(prepare);
  }

  /** @param synth makes the assembly */
  public during(synth: () => CloudAssembly): CloudAssembly {
    this.synthesis = ++this.syntheses;
    try {
      this.preparations.forEach(prepare => prepare());
      const assembly = synth();
      this.write(assembly.directory);
      return assembly;
    } finally {
      this.synthesis = undefined;
    }
  }

  private write(directory: string): void {
    const { entries } = this;
    fs.writeFileSync(path.join(directory, FILE), `${JSON.stringify({ version: 1, entries }, undefined, 2)}\n`);
    const summary = summaryOf(entries);
    if (summary !== this.told) {
      this.told = summary;
      process.stderr.write(`cdk-traced-function: ${summary} (${path.relative(process.cwd(), path.join(directory, FILE))})\n`);
    }
  }
}

/**
 * CDK has no event for the end of a synth, and aspects of an app do not reach the stages in it, which are synthesized first. The method is replaced where it is
 * defined: for an app in Python, Java, Go or C# jsii takes no notice of one that an object has of its own.
 */
function followSyntheses(root: Stage): void {
  let definer: Pick<Stage, 'synth'> & { [FOLLOWS]?: boolean } = Object.getPrototypeOf(root);
  while (!Object.prototype.hasOwnProperty.call(definer, 'synth')) {
    definer = Object.getPrototypeOf(definer);
  }
  if (definer[FOLLOWS]) {
    return;
  }
  const { synth } = definer;
  Object.defineProperty(definer, FOLLOWS, { value: true, enumerable: false });
  definer.synth = function followed(this: Stage & { [REPORT]?: TracingReport }, ...args) {
    const report = this[REPORT];
    return report ? report.during(() => synth.apply(this, args)) : synth.apply(this, args);
  };
}

function summaryOf(entries: ReportEntry[]): string {
  const count = (...levels: ReportEntry['level'][]) => entries.filter(({ level }) => levels.includes(level)).length;
  const parts = ([
    [count('rebundled'), 'bundled with tracing'], [count('layer'), 'by a layer'], [count('traced-function'), 'TracedFunction'], [count('segments'), "with Lambda's own segments only"],
  ] as const).filter(([number]) => number > 0).map(([number, how]) => `${number} ${how}`);
  const ofCdk = entries.filter(({ reason }) => reason === CDK_HANDLER).length;
  const traced = count('rebundled', 'layer', 'traced-function', 'segments');
  return [
    `${traced} of ${traced + count('untraced') - ofCdk} functions traced${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`,
    ...ofCdk > 0 ? [`${ofCdk} of CDK's own left out`] : [],
    ...count('event-source') > 0 ? [`${count('event-source')} event source${count('event-source') > 1 ? 's' : ''} considered`] : [],
  ].join('; ');
}
