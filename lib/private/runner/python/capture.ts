import * as fs from 'fs';
import * as path from 'path';
import { Capture, InstrumentationKind } from '../../bundling/bundling-job';
import { writeLicenses } from '../license-texts';
import { pythonRuntimeFile } from '../runtime-files';

/** What handlers import to make spans of their own, as it is where nothing is traced. */
const UNTRACED_API = path.join('untraced', 'cdk_traced_function');

/**
 * Fills the package `cdk_traced_function`, but for its settings: what captures libraries is the same for both kinds, which only write it down differently.
 *
 * @param target of the package
 */
export function copyCapture(
  kind: Exclude<InstrumentationKind, 'none'>, target: string, { clients, messages, sampling }: Partial<Capture> = {},
): void {
  const parts = {
    'log_correlation.py': clients?.includes('logs'), 'message_tracing.py': messages, 'payloads.py': messages?.payloads.length, 'sampling.py': sampling,
  };
  const unused = Object.entries(parts).filter(([, isUsed]) => !isUsed).map(([file]) => file);
  for (const source of ['capture', kind === 'xray-sdk' ? 'xray_sdk' : 'open_telemetry'].map(pythonRuntimeFile)) {
    for (const name of fs.readdirSync(source).filter(file => file.endsWith('.py') && !unused.includes(file))) {
      fs.copyFileSync(path.join(source, name), path.join(target, name));
    }
  }
  writeLicenses(target);
  fs.copyFileSync(path.join(pythonRuntimeFile(UNTRACED_API), 'records.py'), path.join(target, 'records.py'));
}

/** Gives a package without instrumentation what its handler imports, if it does. */
export function copyUntracedApi(sources: readonly string[], packageDir: string): void {
  if (!sources.some(file => file.endsWith('.py') && fs.readFileSync(file, 'latin1').includes('cdk_traced_function'))) {
    return;
  }
  fs.mkdirSync(path.join(packageDir, 'cdk_traced_function'), { recursive: true });
  for (const name of fs.readdirSync(pythonRuntimeFile(UNTRACED_API)).filter(file => file.endsWith('.py'))) {
    fs.copyFileSync(path.join(pythonRuntimeFile(UNTRACED_API), name), path.join(packageDir, 'cdk_traced_function', name));
  }
}
