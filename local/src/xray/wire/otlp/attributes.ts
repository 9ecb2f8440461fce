import type { AnyValue, KeyValue } from './trace-request';

/** Attributes of a span or resource by key, as plain values. Reading one marks it used, so that the rest becomes metadata. */
export class Attributes {
  private readonly values = new Map<string, unknown>();
  private readonly used = new Set<string>();

  constructor(list: KeyValue[] | undefined) {
    for (const { key, value } of list ?? []) this.values.set(key, value === undefined ? undefined : plain(value));
  }

  get size(): number {
    return this.values.size;
  }

  /** The first of the keys that is set, as text; semantic conventions were renamed, so most facts have two keys. */
  text(...keys: string[]): string | undefined {
    const value = this.take(keys);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  }

  number(...keys: string[]): number | undefined {
    const value = this.take(keys);
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  }

  /** A list of text; a single text counts as a list of one. */
  list(...keys: string[]): string[] | undefined {
    const value = this.take(keys);
    if (typeof value === 'string') return [value];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : undefined;
  }

  /** Looks without marking as used. */
  peek(key: string): unknown {
    return this.values.get(key);
  }

  entries(): IterableIterator<[string, unknown]> {
    return this.values.entries();
  }

  isUsed(key: string): boolean {
    return this.used.has(key);
  }

  private take(keys: string[]): unknown {
    let found: unknown;
    for (const key of keys) {
      if (!this.values.has(key)) continue;
      this.used.add(key);
      found ??= this.values.get(key);
    }
    return found;
  }
}

function plain(value: AnyValue): unknown {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return integer(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue !== undefined) {
    return Object.fromEntries((value.kvlistValue.values ?? []).map((pair) => [pair.key, pair.value === undefined ? undefined : plain(pair.value)]));
  }
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue as unknown as Uint8Array).toString('base64');
  return undefined;
}

/** A 64-bit integer as a number, or as its text where a double would change it. */
function integer(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}
