import * as path from 'path';

/**
 * Versions of the SDK for Python that the construct supplies when a function's own requirements name none.
 * wrapt is what the SDK needs beside botocore; 1.17 also has a wheel in pure Python, which the layer uses.
 */
export const XRAY_SDK_REQUIREMENTS = ['aws-xray-sdk==2.15.0', 'wrapt==1.17.3'];

/** Version of the SDK for Go that the construct supplies when a module names none. */
export const XRAY_SDK_GO = { module: 'github.com/aws/aws-xray-sdk-go/v2', version: 'v2.0.1' };

/** This package's folder; equally far up from `lib` and from `build`. */
export const PACKAGE_ROOT = path.resolve(__dirname, '..', '..', '..');

/** The files that go into functions. */
const RUNTIME_DIR = path.join(PACKAGE_ROOT, 'runtime');

export function nodejsRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'nodejs', name);
}

export function pythonRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'python', name);
}

export function goRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'go', name);
}

export function javaRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'java', name);
}
