import type { FilterExpression, NumberOperator, ServiceSelector, StringOperator } from './filter-expression';
import { rootCauseTest, rootCauseJsonTest } from './root-cause-filter';
import { numberTest, stringTest } from './string-test';
import { ERROR, FAILED, FAULT, THROTTLE } from '../model/failure';
import type { RootCauses } from '../model/root-causes';
import { CatalogService, ServiceCatalog } from '../model/service-catalog';
import type { HttpFacts } from '../model/trace';
import { ANY_ERROR, ANY_FAULT, CALLER, EDGE_END, EDGE_FLAGS, EDGE_START, END, FLAGS, IN_PROGRESS, INFERRED, LAST_END, ROOT, SERVICE, START, TraceFacts, VISIT_SIZE } from '../model/trace-facts';
import { httpOf, seconds } from '../model/trace-summary';

/** What a filter needs beside the facts of a trace. */
export interface FilterContext {
  readonly catalog: ServiceCatalog;
  /** The filter of a group; throws when there is no such group. */
  readonly groupFilter: (by: 'name' | 'arn', value: string) => TraceFilter;
  readonly rootCauses: (traceId: string) => RootCauses;
}

export type TraceFilter = (facts: TraceFacts) => boolean;
/** A test of one visit of a trace, or of the call (edge) that led to it. */
type VisitFilter = (facts: TraceFacts, visit: number) => boolean;

/** A filter expression as a function over the facts of a trace. */
export function traceFilter(expression: FilterExpression, context: FilterContext): TraceFilter {
  switch (expression.kind) {
    case 'and': {
      const terms = expression.terms.map((term) => traceFilter(term, context));
      return (facts) => terms.every((term) => term(facts));
    }
    case 'or': {
      const terms = expression.terms.map((term) => traceFilter(term, context));
      return (facts) => terms.some((term) => term(facts));
    }
    case 'not': {
      const term = traceFilter(expression.term, context);
      return (facts) => !term(facts);
    }
    case 'boolean': {
      const { value } = expression;
      const test = booleanOfTrace(expression.keyword);
      return (facts) => test(facts) === value;
    }
    case 'number': {
      const test = numberTest(expression.operator, expression.value);
      const { keyword } = expression;
      if (keyword === 'http.status') return (facts) => test(httpOf(facts)?.status ?? NaN);
      return (facts) => test(seconds(keyword === 'duration' ? facts.endMs - facts.startMs : facts.responseMs));
    }
    case 'string': return stringOfTrace(expression.keyword, stringTest(expression.operator, expression.value), context);
    case 'annotation': return annotationFilter(expression);
    case 'group': {
      const group = context.groupFilter(expression.by, expression.value);
      return expression.operator === '=' ? group : (facts) => !group(facts);
    }
    case 'service': return serviceFilter(expression, context);
    case 'edge': return edgeFilter(expression, context);
    case 'rootcause': {
      const test = rootCauseTest(expression);
      // Causes are worked out from the documents, so only for traces that can have one.
      const bit = { fault: ANY_FAULT, error: ANY_ERROR, responsetime: 0 }[expression.cause];
      return (facts) => (bit === 0 || (facts.flags & bit) !== 0) && test(context.rootCauses(facts.id));
    }
    case 'rootcause-json': {
      const test = rootCauseJsonTest(expression.value);
      const wanted = expression.operator === '=';
      return (facts) => test(context.rootCauses(facts.id)) === wanted;
    }
    default: throw new Error('unknown kind of filter');
  }
}

function booleanOfTrace(keyword: string): (facts: TraceFacts) => boolean {
  const bit = FLAG_BITS[keyword];
  if (keyword === 'ok') return (facts) => facts.root >= 0 && (facts.flags & (ERROR | FAULT)) === 0;
  return (facts) => (facts.flags & bit) !== 0;
}

/** Keywords that are a bit of the flags, of a trace and of a visit alike. */
const FLAG_BITS: Record<string, number> = { error: ERROR, throttle: THROTTLE, fault: FAULT, partial: IN_PROGRESS, inferred: INFERRED, root: ROOT };

function stringOfTrace(keyword: string, test: (text: string | undefined) => boolean, { catalog }: FilterContext): TraceFilter {
  const http = HTTP_FIELDS[keyword];
  if (http !== undefined) return (facts) => test(httpOf(facts)?.[http] as string | undefined);
  if (keyword === 'message') return (facts) => facts.messages?.some(test) ?? false;
  const detail = DETAIL_FIELDS[keyword];
  if (detail !== undefined) {
    return (facts) => {
      for (const details of facts.details ?? []) if (details?.[detail] !== undefined && test(details[detail])) return true;
      return false;
    };
  }
  const ofService = serviceTest(keyword, test);
  return (facts) => {
    for (let base = 0; base < facts.visits.length; base += VISIT_SIZE) if (ofService(catalog.services[facts.visits[base + SERVICE]])) return true;
    return false;
  };
}

const HTTP_FIELDS: Record<string, keyof HttpFacts> = {
  'http.url': 'url', 'http.method': 'method', 'http.useragent': 'userAgent', 'http.clientip': 'clientIp',
};
const DETAIL_FIELDS: Record<string, 'user' | 'availabilityZone' | 'instanceId' | 'resourceArn'> = {
  'user': 'user', 'availabilityzone': 'availabilityZone', 'instance.id': 'instanceId', 'resource.arn': 'resourceArn',
};

function serviceTest(keyword: string, test: (text: string | undefined) => boolean): (service: CatalogService) => boolean {
  if (keyword === 'name') return (service) => service.names.some(test);
  if (keyword === 'type') return (service) => test(service.type);
  return (service) => test(service.accountId); // account.id
}

function annotationFilter({ key, operator, value }: Extract<FilterExpression, { kind: 'annotation' }>): TraceFilter {
  const test = annotationTest(operator, value);
  return ({ annotations }) => {
    for (let index = 0; index < annotations.length; index += 3) {
      if (annotations[index] === key && test(annotations[index + 1])) return true;
    }
    return false;
  };
}

/** Without an operator a boolean annotation stands for its value, any other for being there. Types do not mix: `"5"` is not `5`. */
function annotationTest(operator: string | undefined, wanted: string | number | boolean | undefined): (value: unknown) => boolean {
  if (operator === undefined) return (value) => value !== false;
  if (typeof wanted === 'number') {
    const test = numberTest(operator as NumberOperator, wanted);
    return (value) => typeof value === 'number' && test(value);
  }
  if (typeof wanted === 'boolean') return (value) => typeof value === 'boolean' && (value === wanted) === (operator === '=');
  const test = stringTest(operator as StringOperator, wanted);
  return (value) => typeof value === 'string' && test(value);
}

function serviceFilter({ id, filter }: Extract<FilterExpression, { kind: 'service' }>, context: FilterContext): TraceFilter {
  const matches = selectorTest(id, context);
  const block = filter === undefined ? undefined : visitFilter(filter, 'service', context);
  return (facts) => {
    for (let base = 0, visit = 0; base < facts.visits.length; base += VISIT_SIZE, visit += 1) {
      if (matches(facts.visits[base + SERVICE]) && (block === undefined || block(facts, visit))) return true;
    }
    return false;
  };
}

function edgeFilter({ source, destination, filter }: Extract<FilterExpression, { kind: 'edge' }>, context: FilterContext): TraceFilter {
  const fromMatches = selectorTest(source, context);
  const toMatches = selectorTest(destination, context);
  const block = filter === undefined ? undefined : visitFilter(filter, 'edge', context);
  return (facts) => {
    for (let base = 0, visit = 0; base < facts.visits.length; base += VISIT_SIZE, visit += 1) {
      const caller = facts.visits[base + CALLER];
      if (caller >= 0 && toMatches(facts.visits[base + SERVICE]) && fromMatches(facts.visits[caller * VISIT_SIZE + SERVICE])
        && (block === undefined || block(facts, visit))) return true;
    }
    return false;
  };
}

/** Whether a service of the catalog is one that `service()` or `edge()` names; remembered, since there are few services and many visits. */
export function selectorTest(selector: ServiceSelector, { catalog }: FilterContext): (index: number) => boolean {
  const { name, type, accountId } = selector;
  const known: boolean[] = [];
  return (index) => {
    const service = catalog.services[index];
    return known[index] ??= (name === undefined || service.names.includes(name)) && (type === undefined || service.type === type)
      && (accountId === undefined || service.accountId === accountId);
  };
}

/** The filter in the braces of service() looks at the segment, that of edge() at the call as the caller saw it. */
export function visitFilter(expression: FilterExpression, of: 'service' | 'edge', context: FilterContext): VisitFilter {
  const flagsAt = of === 'service' ? FLAGS : EDGE_FLAGS;
  switch (expression.kind) {
    case 'and': {
      const terms = expression.terms.map((term) => visitFilter(term, of, context));
      return (facts, visit) => terms.every((term) => term(facts, visit));
    }
    case 'or': {
      const terms = expression.terms.map((term) => visitFilter(term, of, context));
      return (facts, visit) => terms.some((term) => term(facts, visit));
    }
    case 'not': {
      const term = visitFilter(expression.term, of, context);
      return (facts, visit) => !term(facts, visit);
    }
    case 'boolean': {
      const { keyword, value } = expression;
      if (keyword === 'ok') return (facts, visit) => ((facts.visits[visit * VISIT_SIZE + flagsAt] & (FAILED | IN_PROGRESS)) === 0) === value;
      const bit = FLAG_BITS[keyword];
      const at = keyword === 'root' || keyword === 'inferred' ? FLAGS : flagsAt;
      return (facts, visit) => ((facts.visits[visit * VISIT_SIZE + at] & bit) !== 0) === value;
    }
    case 'number': {
      const test = numberTest(expression.operator, expression.value);
      if (expression.keyword === 'http.status') return (facts, visit) => test(httpOfVisit(facts, visit, of)?.status ?? NaN);
      const [startAt, endAt] = of === 'edge' ? [EDGE_START, EDGE_END] : [START, expression.keyword === 'duration' ? LAST_END : END];
      return (facts, visit) => test(seconds(facts.visits[visit * VISIT_SIZE + endAt] - facts.visits[visit * VISIT_SIZE + startAt]));
    }
    case 'string': {
      const { keyword } = expression;
      const test = stringTest(expression.operator, expression.value);
      const http = HTTP_FIELDS[keyword];
      if (http !== undefined) return (facts, visit) => test(httpOfVisit(facts, visit, of)?.[http] as string | undefined);
      const detail = DETAIL_FIELDS[keyword];
      if (detail !== undefined) return (facts, visit) => test(facts.details?.[visit]?.[detail]);
      const ofService = serviceTest(keyword, test);
      return (facts, visit) => ofService(context.catalog.services[facts.visits[visit * VISIT_SIZE + SERVICE]]);
    }
    default: throw new Error(`${expression.kind} cannot stand in the braces of ${of}()`); // the parser has refused it
  }
}

function httpOfVisit(facts: TraceFacts, visit: number, of: 'service' | 'edge'): HttpFacts | undefined {
  const details = facts.details?.[visit];
  return of === 'edge' ? details?.edgeHttp ?? details?.http : details?.http;
}
