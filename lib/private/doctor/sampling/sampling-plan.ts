import { samplingRuleOf } from '../rules/sampling-rule-ignored-by-lambda';
import { AppModel } from '../template/app-model';
import { objectOf } from '../template/template';

/** A kind of request, and how many of it come in a second. */
export interface SampledRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly service: string;
  readonly serviceType: string;
  readonly perSecond: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PlannedRule {
  readonly name: string;
  readonly priority: number;
  readonly rate: number;
  readonly reservoir: number;
  readonly matches: (request: SampledRequest) => boolean;
}

/** Which rule takes a request, and how many of it are traced. */
export interface SamplingDecision {
  readonly request: SampledRequest;
  readonly rule: string;
  /** In a second: the reservoir is shared by all requests that the rule takes. */
  readonly traced: number;
  /** Lambda takes no notice of rules. */
  readonly note?: string;
}

const DEFAULT: PlannedRule = { name: 'Default', priority: 10_000, rate: 0.05, reservoir: 1, matches: () => true };

/** The rules of the templates, by priority, and X-Ray's own at the end. */
export function samplingRulesOf(app: AppModel): PlannedRule[] {
  return [...app.ofType('AWS::XRay::SamplingRule').map((resource): PlannedRule => {
    const rule = samplingRuleOf(resource);
    const text = (value: unknown) => app.text(value, resource.template) ?? '*';
    const tests: [keyof SampledRequest, RegExp][] = [
      ['method', wildcard(text(rule.HTTPMethod))], ['host', wildcard(text(rule.Host))], ['path', wildcard(text(rule.URLPath))], ['service', wildcard(text(rule.ServiceName))], ['serviceType', wildcard(text(rule.ServiceType))],
    ];
    const attributes = Object.entries(objectOf(rule.Attributes)).map(([key, value]) => [key, wildcard(text(value))] as const);
    return {
      name: text(rule.RuleName) === '*' ? resource.path : text(rule.RuleName), priority: Number(rule.Priority ?? 10_000), rate: Number(rule.FixedRate ?? 0), reservoir: Number(rule.ReservoirSize ?? 0),
      matches: request => tests.every(([key, pattern]) => pattern.test(String(request[key]))) && attributes.every(([key, pattern]) => pattern.test(request.attributes[key] ?? '')),
    };
  }).sort((one, other) => one.priority - other.priority || (one.name < other.name ? -1 : 1)), DEFAULT];
}

/** As X-Ray decides it: the first rule that matches, its reservoir first, then its rate. */
export function planSampling(rules: readonly PlannedRule[], requests: readonly SampledRequest[]): SamplingDecision[] {
  const ruleFor = (request: SampledRequest) => rules.find(({ matches }) => matches(request)) ?? DEFAULT;
  const taken = requests.map(request => ({ request, rule: /^AWS::Lambda(?:::|$)/.test(request.serviceType) ? undefined : ruleFor(request) }));
  return taken.map(({ request, rule }) => {
    if (!rule) {
      return { request, rule: '(Lambda)', traced: kept(request.perSecond, request.perSecond, 1, 0.05), note: 'Lambda takes no notice of rules: one request a second of each function, and 5 % of the others' };
    }
    const all = taken.filter(other => other.rule === rule).reduce((sum, other) => sum + other.request.perSecond, 0);
    return { request, rule: rule.name, traced: kept(request.perSecond, all, rule.reservoir, rule.rate) };
  });
}

function kept(own: number, all: number, reservoir: number, rate: number): number {
  const first = Math.min(all, reservoir);
  return all === 0 ? 0 : (first + (all - first) * rate) * own / all;
}

/** `*` any characters, `?` one; upper and lower case are alike. */
function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 'is');
}
