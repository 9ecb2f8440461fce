import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LauncherError } from './launcher-error';
import { LOCAL_DIR } from './project-folders';

/** The first CDK CLI on AWS SDK v3. Those before know neither AWS_ENDPOINT_URL nor another way to be pointed at the local cloud. */
const FIRST_ON_SDK_V3 = [2, 167, 0] as const;

/** A CDK CLI that obeys AWS_ENDPOINT_URL. */
export interface CdkCli {
  /** Arguments of Node.js that run it. */
  readonly command: readonly string[];
  /** Why this CLI was taken instead of the app's own. */
  readonly note?: string;
}

/** The CDK CLI of the app, if the local cloud's address can be given to it; else the one of this project. */
export function findCdkCli(appDir: string): CdkCli {
  let note: string | undefined;
  for (const folder of [appDir, LOCAL_DIR]) {
    const found = cliAbove(folder);
    if (!found) continue;
    if (folder === LOCAL_DIR || obeysEndpoint(found.version)) {
      return { command: ['--require', join(LOCAL_DIR, 'preload', 'refuse-aws.cjs'), found.program], note: note && `${note}; using ${found.version} of the local launcher` };
    }
    note = `the app's CDK CLI ${found.version} would call the real AWS (before ${FIRST_ON_SDK_V3.join('.')} it ignores AWS_ENDPOINT_URL)`;
  }
  throw new LauncherError(`the CDK CLI was not found (looked for the package aws-cdk in ${appDir} and ${LOCAL_DIR}): npm install --save-dev aws-cdk@2`);
}

function cliAbove(folder: string): { program: string; version: string } | undefined {
  try {
    const manifest = createRequire(join(folder, 'package.json')).resolve('aws-cdk/package.json');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string };
    return { program: join(manifest, '..', 'bin', 'cdk'), version: version ?? 'of no version' };
  } catch {
    return undefined; // not installed there
  }
}

function obeysEndpoint(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!numbers) return false;
  const differing = numbers.findIndex((number, index) => number !== FIRST_ON_SDK_V3[index]);
  return differing < 0 || numbers[differing] > FIRST_ON_SDK_V3[differing];
}
