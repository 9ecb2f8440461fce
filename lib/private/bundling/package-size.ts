import * as fs from 'fs';
import * as path from 'path';
import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { BundledCode } from './bundled-code';
import type { StoredPackage } from '../files/copy-package';
import { validationError } from '../validation-error';

/** In bytes, without compression. */
export interface PackageSize {
  readonly bytes: number;
  /** What lies at the top of the package, or in a folder that only holds libraries; the largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

/** Lambda's megabyte has 1,048,576 bytes: "Unzipped size must be smaller than 262144000 bytes". */
const MEGABYTE = 1_048_576;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST = 250 * MEGABYTE;
const MANY = 200 * MEGABYTE;
const SHOWN_PARTS = 10;
/** Folders that are shown by what lies in them. */
const LIBRARY_FOLDERS = new Set(['python', 'nodejs', 'nodejs/node_modules', 'node_modules', 'java', 'java/lib', 'lib']);

export function packageSize({ path: directory, onlyFile }: StoredPackage): PackageSize {
  if (onlyFile) {
    const { size } = fs.statSync(directory);
    return { bytes: size, parts: [{ name: onlyFile, bytes: size }] };
  }
  const parts: { name: string; bytes: number }[] = [];
  const add = (name: string) => {
    const file = path.join(directory, name);
    const stats = fs.lstatSync(file);
    if (stats.isDirectory() && (name === '' || LIBRARY_FOLDERS.has(name))) {
      fs.readdirSync(file).forEach(entry => add(path.posix.join(name, entry)));
    } else {
      parts.push({ name, bytes: stats.isDirectory() ? bytesIn(file) : stats.size });
    }
  };
  add('');
  parts.sort((a, b) => b.bytes - a.bytes);
  return { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), parts };
}

function bytesIn(directory: string): number {
  return fs.readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(directory, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(file) : fs.lstatSync(file).size);
  }, 0);
}

/**
 * Refuses a function that Lambda would refuse at deployment, and warns of one that is close to it. Layers of others are not known here, and not counted.
 *
 * @param pieces the function's package, and the layers that this library makes for it
 */
export function checkPackageSize(scope: IConstruct, pieces: { readonly [name: string]: BundledCode | undefined }): void {
  const sizes = Object.entries(pieces).flatMap(([name, code]) => {
    const size = code?.size();
    return size ? [{ name, size }] : [];
  });
  const bytes = sizes.reduce((sum, { size }) => sum + size.bytes, 0);
  if (process.env.CDK_TRACED_FUNCTION_SIZES === '1' && sizes.length > 0) {
    process.stderr.write(`cdk-traced-function: ${megabytes(bytes).padStart(9)}  ${scope.node.path} (${sizes.map(({ name, size }) => `${name} ${megabytes(size.bytes)}`).join(', ')})\n`);
  }
  if (bytes < MANY) {
    return;
  }
  const largest = sizes.flatMap(({ name, size }) => size.parts.map(part => ({ ...part, name: sizes.length > 1 ? `${name}: ${part.name}` : part.name })))
    .sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN_PARTS).map(part => `\n  ${megabytes(part.bytes).padStart(9)}  ${part.name}`).join('');
  if (bytes >= MOST) {
    throw validationError(scope, 'TF130', `the function has ${megabytes(bytes)} without compression, layers of this library counted; Lambda takes less than 250 MB. ` +
      `Leave out what it does not need, or split it. Its largest parts:${largest}\n`);
  }
  Annotations.of(scope).addWarningV2('cdk-traced-function:packageSize',
    `the function has ${megabytes(bytes)} without compression, layers of this library counted, and Lambda takes less than 250 MB. Its largest parts:${largest}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 2 : 1)} MB`;
}
