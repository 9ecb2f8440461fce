import * as fs from 'fs';
import * as path from 'path';

/**
 * Lets everybody read a folder and its files, and run those that their owner may run. On Lambda a function does not run as the owner
 * of its files, and CDK packs the modes as they are: after a synth with umask 077 the function could not read its own code.
 */
export function normalizeModes(directory: string): void {
  fs.chmodSync(directory, 0o755);
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      normalizeModes(file);
    } else {
      fs.chmodSync(file, (fs.statSync(file).mode & 0o100) !== 0 ? 0o755 : 0o644);
    }
  }
}
