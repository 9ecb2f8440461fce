import type { FilterExpression } from './filter-expression';
import { numberTest, stringTest } from './string-test';
import type { RootCause, RootCauseEntity, RootCauses, RootCauseService } from '../model/root-causes';
import { isObject } from '../wire/segment-document';

/** One element of a root cause with its place in the list. */
interface Element {
  name: string | undefined;
  names: readonly string[];
  type?: string;
  accountId?: string;
  message?: string;
  inferred?: boolean;
  remote?: boolean;
  coverage?: number;
  index: number;
  isLast: boolean;
}

/** `rootcause.fault.service { ... }` and its like: whether one element of one root cause fulfils all of the filter. */
export function rootCauseTest({ cause, element, filter }: Extract<FilterExpression, { kind: 'rootcause' }>): (causes: RootCauses) => boolean {
  const test = filter === undefined ? () => true : elementTest(filter);
  const list = { fault: 'FaultRootCauses', error: 'ErrorRootCauses', responsetime: 'ResponseTimeRootCauses' } as const;
  return (causes) => causes[list[cause]].some((one) => elementsOf(one, element).some(test));
}

/**
 * `rootcause.json = #[...]`: whether a root cause of any kind has what the JSON says. What the JSON leaves out may be anything; lists must
 * be as long as in the JSON.
 */
export function rootCauseJsonTest(wanted: unknown): (causes: RootCauses) => boolean {
  const alternatives = Array.isArray(wanted) ? wanted : [wanted];
  return (causes) => Object.values(causes).flat().some((cause) => alternatives.some((one) => includes(cause, one)));
}

function elementsOf(cause: RootCause, element: 'service' | 'entity' | 'exception'): Element[] {
  if (element === 'service') return numbered(cause.Services.map(serviceElement));
  const entities = cause.Services.flatMap((service) => service.EntityPath);
  if (element === 'entity') return numbered(entities.map(entityElement));
  return numbered(entities.flatMap((entity) => (entity.Exceptions ?? []).map((exception) => ({
    name: exception.Name, names: exception.Name === undefined ? [] : [exception.Name], message: exception.Message, remote: entity.Remote,
  }))));
}

function serviceElement({ Name, Names, Type, AccountId, Inferred }: RootCauseService): Omit<Element, 'index' | 'isLast'> {
  return { name: Name, names: Names, type: Type, accountId: AccountId, inferred: Inferred };
}

function entityElement({ Name, Remote, Coverage }: RootCauseEntity): Omit<Element, 'index' | 'isLast'> {
  return { name: Name, names: [Name], remote: Remote, coverage: Coverage };
}

function numbered(elements: Omit<Element, 'index' | 'isLast'>[]): Element[] {
  return elements.map((element, index) => ({ ...element, index, isLast: index === elements.length - 1 }));
}

function elementTest(expression: FilterExpression): (element: Element) => boolean {
  switch (expression.kind) {
    case 'and': {
      const terms = expression.terms.map(elementTest);
      return (element) => terms.every((term) => term(element));
    }
    case 'or': {
      const terms = expression.terms.map(elementTest);
      return (element) => terms.some((term) => term(element));
    }
    case 'not': {
      const term = elementTest(expression.term);
      return (element) => !term(element);
    }
    case 'boolean': {
      const { keyword, value } = expression;
      return (element) => booleanOf(element, keyword) === value;
    }
    case 'number': {
      const test = numberTest(expression.operator, expression.value);
      return expression.keyword === 'index' ? (element) => test(element.index) : (element) => test(element.coverage ?? NaN);
    }
    case 'string': {
      const test = stringTest(expression.operator, expression.value);
      if (expression.keyword === 'name') return ({ names }) => names.some(test);
      if (expression.keyword === 'type') return ({ type }) => test(type);
      return expression.keyword === 'message' ? ({ message }) => test(message) : ({ accountId }) => test(accountId);
    }
    default: throw new Error(`${expression.kind} cannot stand in the braces of rootcause`); // the parser has refused it
  }
}

function booleanOf(element: Element, keyword: string): boolean {
  switch (keyword) {
    case 'first': return element.index === 0;
    case 'last': return element.isLast;
    case 'remote': return element.remote === true;
    default: return element.inferred === true;
  }
}

function includes(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && value.length === wanted.length && wanted.every((item, index) => includes(value[index], item));
  }
  if (isObject(wanted)) return isObject(value) && Object.entries(wanted).every(([key, item]) => includes(value[key], item));
  return value === wanted || (value === undefined && wanted === null);
}
