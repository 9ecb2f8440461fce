import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Does some work, after which the file is as it was before: with the same content, or not there. */
export async function keepFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  try {
    return await work();
  } finally {
    if (before === undefined) rmSync(file, { force: true });
    else if (!existsSync(file) || !readFileSync(file).equals(before)) writeFileSync(file, before);
  }
}
