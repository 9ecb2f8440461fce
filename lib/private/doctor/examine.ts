import { FunctionModelOptions, functionsOf } from './functions/function-model';
import { Roles } from './functions/role';
import { PredictedMap } from './map/predicted-map';
import { RULES } from './rules';
import { Breach, Examined, fixFor, Rule, Severity } from './rules/rule';
import { AppModel } from './template/app-model';
import { listOf, objectOf, Resource } from './template/template';

/** A breach of a rule, ready to be told. */
export interface Finding {
  readonly rule: Rule;
  readonly severity: Severity;
  readonly resource: Resource;
  readonly message: string;
  /** In the words of the tool that the template is of. */
  readonly fix: string | undefined;
}

export interface Examination {
  readonly examined: Examined;
  /** Errors first; within a severity by template and path. */
  readonly findings: readonly Finding[];
}

export interface ExamineOptions extends FunctionModelOptions {
  /** Rules that are left out, by id. */
  readonly ignore?: readonly string[];
}

const ORDER: Record<Severity, number> = { error: 0, warning: 1, note: 2 };
/** Metadata of a resource whose rules are left out: `{ "cdk-traced-function": { "ignore": ["TF016"] } }`. */
const METADATA = 'cdk-traced-function';

/** What an app's templates say about its traces. */
export function examine(app: AppModel, options: ExamineOptions = {}): Examination {
  const roles = new Roles(app);
  const functions = functionsOf(app, roles, options);
  const examined: Examined = { app, functions, roles, map: new PredictedMap(app, functions, options.traceAll) };
  const findings = RULES.filter(({ id }) => !options.ignore?.includes(id))
    .flatMap(rule => [...rule.check(examined)].filter(breach => !isIgnored(rule, breach)).map(breach => finding(rule, breach)));
  const place = ({ resource }: Finding) => `${resource.template.file}\n${resource.path}`;
  const inOrder = (a: Finding, b: Finding) => ORDER[a.severity] - ORDER[b.severity] || compare(a.rule.id, b.rule.id) || compare(place(a), place(b));
  return { examined, findings: findings.sort(inOrder) };
}

function finding(rule: Rule, { resource, message, severity, fix }: Breach): Finding {
  return { rule, severity: severity ?? rule.severity, resource, message, fix: fixFor({ ...rule.fix, ...fix }, resource.template.dialect) };
}

function isIgnored({ id, name }: Rule, { resource }: Breach): boolean {
  return listOf(objectOf(resource.metadata[METADATA]).ignore).some(ignored => ignored === id || ignored === name);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
