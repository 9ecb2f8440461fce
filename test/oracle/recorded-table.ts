import * as fs from 'fs';
import * as path from 'path';
import type { DecodedSpan } from '../instrumentation/otlp-spans';

const CLIENT = 3;

type Mode = 'xraySdk' | 'openTelemetry';
type Table = Record<string, Partial<Record<Mode, string[]>>>;

/**
 * What is recorded of the calls of each library: names of the fields of X-Ray's documents, and of attributes of spans. `scripts/recorded-table.mjs` makes a page of
 * the documentation of these files.
 */
export class RecordedTable {
  private readonly seen: Record<string, Partial<Record<Mode, Set<string>>>> = {};

  /** @param name of the file in the folder `recorded` */
  constructor(private readonly name: string) {}

  public addDocuments(library: string | undefined, documents: any[]): void {
    this.add(library, 'xraySdk', documents.filter(({ namespace }) => namespace === 'aws' || namespace === 'remote').map(({ aws = {}, http = {}, sql = {}, cause }) => [
      ...Object.keys(aws).map(key => `aws.${key}`),
      ...Object.entries(http).flatMap(([side, values]) => Object.keys(values as object).map(key => `http.${side}.${key}`)),
      ...Object.keys(sql).map(key => `sql.${key}`),
      ...(cause?.exceptions ?? []).flatMap((exception: object) => Object.keys(exception).filter(key => /^(?:type|message|stack)$/.test(key)).map(key => `cause.exceptions.${key}`)),
    ]));
  }

  public addSpans(library: string | undefined, spans: DecodedSpan[]): void {
    this.add(library, 'openTelemetry', spans.filter(({ kind }) => kind === CLIENT).map(({ attributes, events }) => [
      ...Object.keys(attributes).filter(key => attributes[key] !== undefined), ...events.flatMap(event => Object.keys(event.attributes)),
    ]));
  }

  private add(library: string | undefined, mode: Mode, fields: string[][]): void {
    if (library !== undefined && fields.length > 0) {
      const all = (this.seen[library] ??= {})[mode] ??= new Set();
      fields.flat().forEach(field => all.add(field));
    }
  }

  /** Fails when something else is recorded than the file says; of libraries that did not run, such as for want of a server, nothing is said. */
  public check(): void {
    const file = path.join(__dirname, 'recorded', `${this.name}.json`);
    const written: Table = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) as Table : {};
    const seen: Table = Object.fromEntries(Object.entries(this.seen).map(([library, modes]) =>
      [library, Object.fromEntries(Object.entries(modes).map(([mode, fields]) => [mode, [...fields!].sort()]).sort())]));
    if (process.env.UPDATE_RECORDED) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify({ ...written, ...seen }, null, 2) + '\n');
      return;
    }
    expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map(library => [library, written[library]]))); // else: run it with UPDATE_RECORDED=1, then scripts/recorded-table.mjs
  }
}
