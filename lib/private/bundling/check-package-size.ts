import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { BundledCode } from './bundled-code';
import { validationError } from '../validation-error';

/** Lambda's megabyte has 1,048,576 bytes: "Unzipped size must be smaller than 262144000 bytes". */
const MEGABYTE = 1_048_576;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST = 250 * MEGABYTE;
const MANY = 200 * MEGABYTE;
const SHOWN_PARTS = 10;

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
