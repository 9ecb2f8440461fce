import type { ServiceRef } from './routes';

/** X-Ray filter expressions that the page writes itself. Source of the language: X-Ray Developer Guide, "Use filter expressions". */

export function serviceExpression(service: ServiceRef, condition?: string): string {
  return `service(${idOf(service)})${condition === undefined ? '' : ` { ${condition} }`}`;
}

export function edgeExpression(from: ServiceRef, to: ServiceRef, condition?: string): string {
  return `edge(${idOf(from)}, ${idOf(to)})${condition === undefined ? '' : ` { ${condition} }`}`;
}

export function annotationExpression(key: string, value: string | number | boolean): string {
  const name = /^\w+$/.test(key) ? `annotation.${key}` : `annotation[${quoted(key)}]`;
  return `${name} = ${typeof value === 'string' ? quoted(value) : String(value)}`;
}

/** Response times in seconds from `from` on, and below `to`. */
export function responseTimeExpression(from: number, to: number): string {
  return `responsetime >= ${from} AND responsetime < ${to}`;
}

/** Both conditions; `OR` on the left stays together. */
export function both(left: string | undefined, right: string): string {
  const first = left?.trim() ?? '';
  if (first === '' || first === right) return right;
  return `${/\bOR\b/i.test(withoutStrings(first)) ? `(${first})` : first} AND ${right}`;
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function idOf({ name, type }: ServiceRef): string {
  return type === undefined ? quoted(name) : `id(name: ${quoted(name)}, type: ${quoted(type)})`;
}

function withoutStrings(expression: string): string {
  return expression.replace(/"(?:[^"\\]|\\.)*"/g, '""');
}

/** A refused filter expression, split where it is wrong. */
export interface FilterError {
  readonly message: string;
  /** Offset in characters of what is wrong; absent when the message names no position. */
  readonly offset?: number;
}

/** Reads the position (counted from 1) out of the API's message. */
export function filterErrorOf(message: string): FilterError {
  const position = /\bposition (\d+)/.exec(message);
  return position === null ? { message } : { message, offset: Number(position[1]) - 1 };
}
