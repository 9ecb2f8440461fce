import { readText } from './text-file';
import { requireShipped } from '../../files/shipped-packages';
import { BundlingError } from '../bundling-error';

export type TomlTable = Record<string, unknown>;

/** smol-toml can be required, but describes its types for ES modules only. */
const { parse } = requireShipped<{ parse(text: string): TomlTable }>('smol-toml');

/** @throws with the file's name, and the line that is wrong */
export function readToml(file: string): TomlTable {
  try {
    return parse(readText(file));
  } catch (error) {
    throw new BundlingError('TF430', `'${file}' is not valid TOML: ${(error as Error).message}`);
  }
}
