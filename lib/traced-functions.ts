import { Aspects, AspectPriority, IAspect, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { isEventSource, traceEventSource } from './private/adoption/event-sources';
import { FunctionResource } from './private/adoption/function-resource';
import { FunctionTracer } from './private/adoption/function-tracer';
import { PathPatterns } from './private/adoption/path-patterns';
import { Rebundling } from './private/adoption/rebundling';
import { TracingReport } from './private/adoption/tracing-report';
import { TracedProps, TracingPermissions } from './traced';

/**
 * How far a function is traced.
 */
export enum TracingLevel {
  /** It is a `TracedFunction`. */
  TRACED_FUNCTION = 'traced-function',

  /** Its source is known, and was bundled as that of a `TracedFunction`. */
  REBUNDLED = 'rebundled',

  /** Its package is as it was; a layer records its calls. */
  LAYER = 'layer',

  /** Lambda's own segments, and not what the function calls; or its own code records that. */
  SEGMENTS = 'segments',

  /** Not at all. */
  UNTRACED = 'untraced',

  /** It is no function, but something that calls functions. */
  EVENT_SOURCE = 'event-source',
}

/**
 * What was done about one function, or one event source.
 */
export interface TracingReportEntry {
  /** Path of the construct. */
  readonly path: string;

  /** How far it is traced. */
  readonly level: TracingLevel;

  /**
   * Why it is traced no further, or how it came about.
   *
   * @default - nothing has to be said
   */
  readonly reason?: string;

  /** What was changed in the template. */
  readonly changes: string[];
}

/**
 * Properties of `TracedFunctions.everywhere()`.
 */
export interface TracedFunctionsProps extends TracedProps {
  /**
   * Paths of constructs that stay as they are, with all that is in them: `Stack/Api/Handler`. `*` stands for any characters but `/`, and `**` for any.
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * Whether functions whose source is known (`NodejsFunction`, `PythonFunction`, `GoFunction`) are bundled as those of `TracedFunction`. CDK's own bundling, and
   * Docker, are not started for them. If not, a layer records their calls.
   *
   * @default true
   */
  readonly rebundle?: boolean;

  /**
   * Whether tracing is turned on where functions are called from, if nobody has decided about it: SNS topics, stages of REST APIs, Step Functions, AppSync.
   *
   * @default true
   */
  readonly eventSources?: boolean;
}

/**
 * Tracing for functions that were made without `TracedFunction`.
 */
export class TracedFunctions {
  /**
   * Traces every function in the scope, also those that are made later. Call it as soon as the scope exists: a function whose source is known is bundled
   * with tracing when it is made after this call, and gets a layer when it was made before.
   *
   * What was done about each function, and why, is in `report` and, after a synth, in `tracing-report.json` beside the templates.
   *
   * @param scope an app, a stage, a stack or any other construct
   */
  public static everywhere(scope: IConstruct, props: TracedFunctionsProps = {}): TracedFunctions {
    return new TracedFunctions(scope, props);
  }

  private readonly tree: TracingReport;

  private constructor(scope: IConstruct, props: TracedFunctionsProps) {
    this.tree = TracingReport.of(scope);
    const inlinePermissions = props.permissions === TracingPermissions.INLINE_STATEMENT;
    const excluded = new PathPatterns(scope, props.exclude ?? []);
    const tracer = new FunctionTracer({
      instrumentation: props.instrumentation, inlinePermissions, override: props.override ?? false, cdkHandlers: props.cdkHandlers ?? false,
    });
    const rebundling = new Rebundling(scope, {
      isExcluded: path => excluded.match(path),
      isWanted: props.rebundle ?? true,
      instrumentation: props.instrumentation,
      override: props.override ?? false,
    });
    const aspect: IAspect = {
      visit: node => {
        if (FunctionResource.isFunction(node)) {
          const { path } = new FunctionResource(node);
          if (excluded.match(path)) {
            this.tree.add({ path, level: 'untraced', reason: `excluded by '${excluded.match(path)}'`, changes: [] });
          } else {
            tracer.trace(node, rebundling.originOf(node));
          }
        } else if ((props.eventSources ?? true) && isEventSource(node) && !excluded.match(node.node.path)) {
          traceEventSource(node, inlinePermissions);
        }
      },
    };
    this.reach(scope, construct => {
      Aspects.of(construct).add(aspect, { priority: AspectPriority.MUTATING });
      // CDK validates a stage when its aspects are done.
      construct.node.addValidation({
        validate: () => {
          rebundling.warnOfNone(Stage.isStage(construct) ? construct : Stage.of(construct));
          return [];
        },
      });
    });
  }

  /** What was done about each function and event source of the app, in the order of their paths. Complete after a synth. */
  public get report(): TracingReportEntry[] {
    return this.tree.entries.map(entry => ({ ...entry, level: entry.level as TracingLevel }));
  }

  /** CDK's aspects end at stages, which are synthesized by themselves. */
  private reach(scope: IConstruct, prepare: (construct: IConstruct) => void): void {
    const reached = new Set<IConstruct>();
    const add = (construct: IConstruct) => {
      if (!reached.has(construct)) {
        reached.add(construct);
        prepare(construct);
      }
    };
    add(scope);
    this.tree.beforeSynth(() => scope.node.findAll().filter(construct => Stage.isStage(construct)).forEach(add));
  }
}
