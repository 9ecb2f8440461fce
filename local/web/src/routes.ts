import { DEFAULT_RANGE, rangeFromText, rangeToText, TimeRange } from './time-range';

/** A service of the map as an address names it. */
export interface ServiceRef {
  readonly name: string;
  readonly type?: string;
}

/** Every view of the page, with all that an address needs to show it again. */
export type Route =
  | { readonly view: 'map'; readonly range: TimeRange; readonly group?: string; readonly node?: ServiceRef; readonly edgeTo?: ServiceRef }
  | { readonly view: 'traces'; readonly range: TimeRange; readonly filter?: string }
  | { readonly view: 'trace'; readonly range: TimeRange; readonly id: string; readonly segment?: string }
  | { readonly view: 'collector'; readonly range: TimeRange }
  | { readonly view: 'unknown'; readonly range: TimeRange; readonly path: string };

/**
 * The address of a route, starting with `#/`. The part behind the hash never reaches a server, so that any server can serve the page.
 * `#/map?node=AWS::Lambda/name`, `#/traces?filter=...`, `#/traces/1-58406520-a006649127e371903a2de979?segment=...`, `#/collector`
 */
export function addressOf(route: Route): string {
  const query = new URLSearchParams();
  let path: string;
  switch (route.view) {
    case 'map':
      path = 'map';
      if (route.group !== undefined) query.set('group', route.group);
      if (route.node !== undefined) query.set('node', refToText(route.node));
      if (route.edgeTo !== undefined) query.set('to', refToText(route.edgeTo));
      break;
    case 'traces':
      path = 'traces';
      if (route.filter !== undefined && route.filter.trim() !== '') query.set('filter', route.filter);
      break;
    case 'trace':
      path = `traces/${encodeURIComponent(route.id)}`;
      if (route.segment !== undefined) query.set('segment', route.segment);
      break;
    case 'collector':
      path = 'collector';
      break;
    case 'unknown':
      path = route.path;
  }
  const range = rangeToText(route.range);
  if (range !== rangeToText(DEFAULT_RANGE)) query.set('range', range);
  const text = query.toString();
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

/** The route of an address's part from `#` on; anything that cannot be understood falls back to its default, an unknown path is `unknown`. */
export function routeOf(hash: string): Route {
  const [path, search = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const query = new URLSearchParams(search);
  const range = rangeFromText(query.get('range') ?? '') ?? DEFAULT_RANGE;
  const parts = path.split('/').filter((part) => part !== '').map(decoded);
  const [view = 'map', id] = parts;
  if (view === 'map' && parts.length <= 1) {
    return {
      view,
      range,
      ...optional('group', nonEmpty(query.get('group'))),
      ...optional('node', refFromText(query.get('node'))),
      ...optional('edgeTo', refFromText(query.get('to'))),
    };
  }
  if (view === 'traces' && parts.length === 1) return { view, range, ...optional('filter', nonEmpty(query.get('filter'))) };
  if (view === 'traces' && parts.length === 2) return { view: 'trace', range, id, ...optional('segment', nonEmpty(query.get('segment'))) };
  if (view === 'collector' && parts.length === 1) return { view, range };
  return { view: 'unknown', range, path };
}

/** `AWS::Lambda/name`; a service without a type is `/name`. */
function refToText({ name, type }: ServiceRef): string {
  return `${type ?? ''}/${name}`;
}

function refFromText(text: string | null): ServiceRef | undefined {
  if (text === null || !text.includes('/')) return undefined;
  const [type, name] = splitOnce(text, '/');
  return { name, ...(type === '' ? {} : { type }) };
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : { [key]: value } as Record<Key, Value>;
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text.trim() === '' ? undefined : text;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign: taken as it is
  }
}
