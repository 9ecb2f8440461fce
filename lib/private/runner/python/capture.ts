import * as fs from 'fs';
import * as path from 'path';
import { InstrumentationKind } from '../../bundling/bundling-job';
import { writeLicenses } from '../license-texts';
import { pythonRuntimeFile } from '../runtime-files';

/** Fills the package `cdk_traced_function`, but for its settings: what captures libraries is the same for both kinds, which only write it down differently. */
export function copyCapture(kind: Exclude<InstrumentationKind, 'none'>, target: string): void {
  for (const source of ['capture', kind === 'xray-sdk' ? 'xray_sdk' : 'open_telemetry'].map(pythonRuntimeFile)) {
    for (const name of fs.readdirSync(source).filter(file => file.endsWith('.py'))) {
      fs.copyFileSync(path.join(source, name), path.join(target, name));
    }
  }
  writeLicenses(target);
}
