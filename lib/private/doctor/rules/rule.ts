import { FunctionModel } from '../functions/function-model';
import { Roles } from '../functions/role';
import { PredictedMap } from '../map/predicted-map';
import { AppModel } from '../template/app-model';
import { Dialect, Resource } from '../template/template';

/** `error`: traces do not arrive, or the deployment fails. `warning`: a part is missing. `note`: what a reader of the map should know. */
export type Severity = 'error' | 'warning' | 'note';

/** What rules look at. */
export interface Examined {
  readonly app: AppModel;
  readonly functions: readonly FunctionModel[];
  readonly roles: Roles;
  readonly map: PredictedMap;
}

/** What to write instead, for each tool. SAM and the Serverless Framework take CloudFormation's where they have no words of their own. */
export type Fix = Partial<Record<Dialect, string>>;

/** One place at which a rule is broken. */
export interface Breach {
  readonly resource: Resource;
  /** What happens: a sentence without a full stop, about the resource. */
  readonly message: string;
  readonly severity?: Severity;
  readonly fix?: Fix;
}

export interface Rule {
  /** TF0xx; it stays the same between versions. */
  readonly id: string;
  /** In kebab case, as cdk-nag and SARIF name rules. */
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  /** Why, for its page: Markdown. */
  readonly explanation: string;
  readonly fix: Fix;
  /** Where AWS says so. */
  readonly link: string;
  /** Types of resources that it looks at. */
  readonly check: (examined: Examined) => Iterable<Breach>;
}

/** Functions that a person wrote, and that X-Ray could trace. */
export function ownFunctions({ functions }: Examined): FunctionModel[] {
  return functions.filter(({ isOfTool, isEdge }) => !isOfTool && !isEdge);
}

/** Those of them that record something, as far as the templates say it. */
export function tracedFunctions(examined: Examined): FunctionModel[] {
  return ownFunctions(examined).filter(({ mode }) => mode === 'Active' || mode === 'PassThrough');
}

/** Whether a value is on, off, or only known at the deployment. */
export function isOn(value: unknown): boolean | undefined {
  if (value === undefined || value === false || value === 'false') return false;
  return value === true || value === 'true' ? true : undefined;
}

export function fixFor(fix: Fix, dialect: Dialect): string | undefined {
  return fix[dialect] ?? (dialect === 'cdk' ? undefined : fix.cloudformation) ?? fix.cdk ?? fix.cloudformation;
}
