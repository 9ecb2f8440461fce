import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../wire/segment-document';

/** What is configured rather than recorded: groups, sampling rules, policies, tags. One JSON file beside the journal, so it outlives a restart. */
export class XraySettings {
  private readonly values: Record<string, unknown>;

  /** @param directory folder of the file; without it everything lives in memory only */
  constructor(private readonly directory: string | undefined, private readonly log: (line: string) => void) {
    this.values = directory === undefined ? {} : read(join(directory, FILE), log);
  }

  /** The stored value of a part, or `fallback`. The caller owns the shape: only its own `set` wrote it. */
  get<T>(part: string, fallback: T): T {
    return (this.values[part] as T | undefined) ?? fallback;
  }

  set(part: string, value: unknown): void {
    this.values[part] = value;
    if (this.directory === undefined) return;
    const file = join(this.directory, FILE);
    try {
      writeFileSync(`${file}.tmp`, `${JSON.stringify(this.values, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    } catch (error) {
      this.log(`${file} cannot be written, so ${part} last until the end of this run only: ${error instanceof Error ? error.message : error}`);
    }
  }
}

const FILE = 'settings.json';

function read(file: string, log: (line: string) => void): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // told below
  }
  log(`${file} is not JSON any more; groups and sampling rules start empty, and the file is kept as ${file}.bad`);
  renameSync(file, `${file}.bad`);
  return {};
}
