import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { AssetStaging, Stack } from 'aws-cdk-lib';
import { FunctionResource } from './function-resource';
import { PYTHON_POWERTOOLS_TRACER } from './xray-sdk-imports';
import { requireShipped } from '../files/shipped-packages';

/** What the text of every package has that records with the X-Ray SDK, or with Powertools Tracer, which calls it. Either may come from a layer. */
const XRAY_SDK = new RegExp(`aws-xray-sdk|AWS_XRAY_CONTEXT_MISSING|aws_xray_sdk|com/amazonaws/xray/|@aws-lambda-powertools/tracer|${PYTHON_POWERTOOLS_TRACER.source}`);
/** Files in which that is looked for, and folders that say it by their name. */
const SOURCES = /\.(?:js|mjs|cjs|py|jar)$/;
const LARGEST_SOURCE = 8_000_000;
const MOST_FILES = 2_000;

const cdkFolder = fs.realpathSync(path.dirname(require.resolve('aws-cdk-lib/package.json')));

/** The folder or file that a function's asset was made from, and what lies in the cloud assembly. */
function stagingOf({ owner, resource }: FunctionResource): AssetStaging | undefined {
  // lambda.Function, and CustomResourceProvider
  const candidates = [owner.node.tryFindChild('Code')?.node.tryFindChild('Stage'), resource.node.scope?.node.tryFindChild('Staging')];
  return candidates.find(candidate => candidate instanceof AssetStaging);
}

/** Whether the code of a function is part of CDK itself: custom resources, notifications, log retention. */
export function isCdkHandler(fn: FunctionResource): boolean {
  const staging = stagingOf(fn);
  if (!staging) {
    // Its code is inline. https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-s3/lib/notifications-resource/notifications-resource-handler.ts
    return fn.owner.node.scopes.some(scope => scope.constructor.name === 'NotificationsResourceHandler');
  }
  const { sourcePath, absoluteStagedPath } = staging;
  if (fs.existsSync(sourcePath)) {
    return fs.realpathSync(sourcePath).startsWith(cdkFolder + path.sep);
  }
  // A custom resource provider copies its code, and removes the copy once it is staged.
  const file = path.join(absoluteStagedPath, 'index.js');
  return fs.existsSync(file) && cdkSources().has(hashOf(file));
}

let sources: Set<string> | undefined;

/** Hashes of all handlers that CDK brings along. */
function cdkSources(): Set<string> {
  const folder = path.join(cdkFolder, 'custom-resource-handlers', 'dist');
  sources ??= new Set(fs.existsSync(folder)
    ? (fs.readdirSync(folder, { recursive: true }) as string[]).filter(name => path.basename(name) === 'index.js').map(name => hashOf(path.join(folder, name))) : []);
  return sources;
}

function hashOf(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** Whether the code records itself with the X-Ray SDK, so that a second recorder would record each call twice. */
export function recordsItself(fn: FunctionResource): boolean {
  const inline = fn.properties.Code?.ZipFile ?? fn.properties.InlineCode;
  if (inline !== undefined) {
    return XRAY_SDK.test(typeof inline === 'string' ? inline : JSON.stringify(inline));
  }
  const { absoluteStagedPath: staged, sourcePath } = stagingOf(fn) ?? {};
  // CDK names the whole project as the package of a function that it would bundle, had its stack been chosen.
  const isBundledLater = staged === sourcePath && !Stack.of(fn.resource).bundlingRequired;
  return staged !== undefined && !isBundledLater && fs.existsSync(staged) && folderHolds(staged);
}

function folderHolds(root: string): boolean {
  let files = 0;
  const pending = [root];
  while (pending.length > 0 && files < MOST_FILES) {
    const current = pending.shift()!;
    const stats = fs.statSync(current, { throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      const names = fs.readdirSync(current);
      if (names.some(name => /^aws[-_]xray[-_]sdk/.test(name))) {
        return true;
      }
      // What lies in node_modules is told by the names there.
      pending.push(...names.filter(name => name !== 'node_modules' || pending.length === 0).map(name => path.join(current, name)));
      continue;
    }
    files += 1;
    if (stats?.isFile() && stats.size <= LARGEST_SOURCE && (current.endsWith('.zip') ? zipHolds(current) : SOURCES.test(current) && XRAY_SDK.test(fs.readFileSync(current, 'latin1')))) {
      return true;
    }
  }
  return false;
}

function zipHolds(file: string): boolean {
  let isNamed = false;
  const { unzipSync } = requireShipped<typeof import('fflate')>('fflate');
  const contents = unzipSync(fs.readFileSync(file), {
    filter: ({ name, originalSize }) => {
      isNamed ||= /(?:^|\/)aws[-_]xray[-_]sdk/.test(name);
      return !isNamed && SOURCES.test(name) && originalSize <= LARGEST_SOURCE && !/node_modules\//.test(name);
    },
  });
  return isNamed || Object.values(contents).some(bytes => XRAY_SDK.test(Buffer.from(bytes).toString('latin1')));
}
