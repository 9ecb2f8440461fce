import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { isWithin } from './is-within';

/**
 * In what is published, the files that this package needs of others (scripts/ship-packages.mjs): as dependencies they would bring packages of types, and
 * megabytes, into each app. A checkout has them in node_modules.
 */
const SHIPPED = path.join(__dirname, '..', '..', 'shipped');
const own = createRequire(__filename);

/** Absolute path of a module of a package that comes with this one. */
export function shippedFile(specifier: string): string {
  return own.resolve(fs.existsSync(SHIPPED) ? path.join(SHIPPED, specifier) : specifier);
}

export function requireShipped<T>(specifier: string): T {
  return own(shippedFile(specifier)) as T;
}

/** The name that a file has where packages are installed: so it is the same in a checkout and in what is published. */
export function asInstalled(file: string): string {
  return file.replace(/(^|[\\/])build[\\/]shipped[\\/]/, '$1node_modules/');
}

/** What a file of this package, or of one that comes with it, imports. */
export function resolveFrom(file: string, specifier: string): string {
  return isWithin(SHIPPED, file) && /^[@\w]/.test(specifier) ? shippedFile(specifier) : createRequire(file).resolve(specifier);
}
