/** A parsed filter expression. `at` is the position of a term in the text, counted from 0. */
export type FilterExpression =
  | { kind: 'and' | 'or'; terms: FilterExpression[] }
  | { kind: 'not'; term: FilterExpression }
  | { kind: 'boolean'; keyword: BooleanKeyword; value: boolean; at: number }
  | { kind: 'number'; keyword: NumberKeyword; operator?: NumberOperator; value?: number; at: number }
  | { kind: 'string'; keyword: StringKeyword; operator?: StringOperator; value?: string; at: number }
  | { kind: 'annotation'; key: string; operator?: StringOperator | NumberOperator; value?: string | number | boolean; at: number }
  | { kind: 'group'; by: 'name' | 'arn'; operator: '=' | '!='; value: string; at: number }
  | { kind: 'service'; id: ServiceSelector; filter?: FilterExpression; at: number }
  | { kind: 'edge'; source: ServiceSelector; destination: ServiceSelector; filter?: FilterExpression; at: number }
  | { kind: 'rootcause'; cause: RootCauseKind; element: 'service' | 'entity' | 'exception'; filter?: FilterExpression; at: number }
  | { kind: 'rootcause-json'; operator: '=' | '!='; value: unknown; at: number };

export type BooleanKeyword = 'ok' | 'error' | 'throttle' | 'fault' | 'partial' | 'inferred' | 'first' | 'last' | 'remote' | 'root';
export type NumberKeyword = 'responsetime' | 'duration' | 'http.status' | 'index' | 'coverage';
export type StringKeyword =
  | 'http.url' | 'http.method' | 'http.useragent' | 'http.clientip' | 'user' | 'name' | 'type' | 'message' | 'availabilityzone'
  | 'instance.id' | 'resource.arn' | 'account.id';
export type NumberOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type StringOperator = '=' | '!=' | 'CONTAINS' | 'BEGINSWITH' | 'ENDSWITH';
export type RootCauseKind = 'fault' | 'error' | 'responsetime';

/** What `service(...)` and `edge(...)` name; what is absent matches any. */
export interface ServiceSelector {
  name?: string;
  type?: string;
  accountId?: string;
}

/** A filter expression that cannot be read. The message names the position (from 1), what stands there and what was expected. */
export class FilterSyntaxError extends Error {
  constructor(
    message: string,
    /** In the text, counted from 0. */
    readonly offset: number,
    /** What could stand there, in words. */
    readonly expected: readonly string[] = [],
  ) {
    super(message);
  }
}
