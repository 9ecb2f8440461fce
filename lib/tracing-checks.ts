import { CfnResource, IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport, PolicyViolation, Stage, Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { examine, Finding } from './private/doctor/examine';
import { RULES } from './private/doctor/rules';
import { modelOfTemplates } from './private/doctor/template/read-app';
import { namedError } from './private/validation-error';

/** From which severity on the rules of doctor count as violations. */
export enum TracingCheckSeverity {
  /** Traces do not arrive, or the deployment fails. */
  ERROR = 'error',
  /** A part of what could be traced is missing. */
  WARNING = 'warning',
  /** What a reader of the map should know, too. */
  NOTE = 'note',
}

/** Which rules `TracingChecks` applies. */
export interface TracingChecksProps {
  /**
   * Rules below this severity are left out.
   *
   * @default TracingCheckSeverity.WARNING
   */
  readonly minimumSeverity?: TracingCheckSeverity;
  /**
   * Ids of rules that are left out everywhere, such as `TF016`. For one construct, acknowledge the rule:
   * `Validations.of(construct).acknowledge({ id: 'TracedFunction-TF016', reason: '...' })`.
   *
   * @default - none
   */
  readonly ignore?: string[];
}

const ORDER = [TracingCheckSeverity.ERROR, TracingCheckSeverity.WARNING, TracingCheckSeverity.NOTE];

/**
 * The rules of `npx cdk-traced doctor` as a validation plugin of the CDK, and beside the packs of cdk-nag, which are the same:
 * `Validations.of(app).addPlugins(new TracingChecks())`. `cdk synth` then tells what will not be traced, and fails on it.
 *
 * The ids of rules begin with `TracedFunction-`, and are acknowledged as those of cdk-nag are.
 */
export class TracingChecks implements IPolicyValidationPlugin {
  /** The name of the plugin in reports. */
  public readonly name = 'TracedFunction';
  /** The ids of all rules that are applied. */
  public readonly ruleIds?: string[];
  private readonly minimumSeverity: TracingCheckSeverity;
  private readonly ignore: string[];

  /**
   * @throws for an id that is no rule
   */
  constructor(props: TracingChecksProps = {}) {
    this.minimumSeverity = props.minimumSeverity ?? TracingCheckSeverity.WARNING;
    this.ignore = props.ignore ?? [];
    const unknown = this.ignore.find(id => !RULES.some(rule => rule.id === id));
    if (unknown !== undefined) {
      throw namedError(`TracingChecks: 'ignore' names '${unknown}', which is no rule; the rules are ${RULES.map(({ id }) => id).join(', ')} (TF136)`);
    }
    this.ruleIds = RULES.filter(({ id }) => !this.ignore.includes(id)).map(({ id }) => this.idOf(id));
  }

  /** Examines the templates of the app. Called by the CDK at the end of a synth. */
  public validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const { findings } = examine(modelOfTemplates(context.stackTemplates), { ignore: this.ignore });
    const paths = new Map<string, IConstruct>();
    for (const construct of context.appConstruct.node.findAll()) {
      if (CfnResource.isCfnResource(construct)) {
        paths.set(`${fileOf(construct)} ${construct.stack.resolve(construct.logicalId)}`, construct);
      }
    }
    const violations = new Map<string, PolicyViolation>();
    for (const finding of findings) {
      const { rule, severity, resource, message, fix } = finding;
      const construct = paths.get(`${resource.template.file} ${resource.id}`);
      const isMinor = ORDER.indexOf(severity as TracingCheckSeverity) > ORDER.indexOf(this.minimumSeverity);
      if (isMinor || construct && this.isAcknowledged(construct, finding)) {
        continue;
      }
      const key = `${rule.id} ${message}`;
      const violation = violations.get(key) ?? {
        ruleName: this.idOf(rule.id), description: message, severity, fix: [fix, rule.link].filter(Boolean).join('\n'), violatingResources: [],
      };
      violation.violatingResources.push({ resourceLogicalId: resource.id, templatePath: resource.template.file, locations: ['Properties'] });
      violations.set(key, violation);
    }
    return { success: ![...violations.values()].some(({ severity }) => severity === 'error'), violations: [...violations.values()] };
  }

  private idOf(rule: string): string {
    return `${this.name}-${rule}`;
  }

  /** On the construct or one above it, as cdk-nag reads it. */
  private isAcknowledged(construct: IConstruct, { rule }: Finding): boolean {
    const id = this.idOf(rule.id);
    return construct.node.scopes.some(scope => scope.node.metadata.some(({ type, data }) =>
      type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY && Object.keys(data ?? {}).some(acknowledged => acknowledged.replace(/^annotation::/i, '').endsWith(id))));
  }
}

function fileOf(resource: CfnResource): string {
  const assembly = Stage.of(resource)!;
  return `${assembly.outdir}/${resource.stack.templateFile}`;
}
