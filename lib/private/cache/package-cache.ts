import { createHash, randomUUID } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { JobInputs, JobRequest } from '../bundling/bundling-job';
import { CacheRecord, packageName } from './cache-record';
import { copyPackage, StoredPackage } from '../files/copy-package';
import { FingerprintReader, InputFingerprint, treeStamp } from './input-fingerprint';
import { prunePackageCache } from './prune-package-cache';

/** A finished package on disk. */
export interface BundledPackage extends StoredPackage {
  /** SHA-256 of the contents, 64 hexadecimal digits. */
  readonly hash: string;
}

/** Part of the key, so that a change of the format leaves old records unread. */
const FORMAT = 3;

/** Variables that change what the tools make. */
const ENVIRONMENT = /^(?:PIP_|UV_|GO[A-Z]*$|CGO_|JAVA_|MAVEN_|GRADLE_|NODE_PATH$|ESBUILD_|CDK_DOCKER$|CC$|CXX$)/;
const TOOLS = ['go', 'uv', 'python3', 'python', 'mvn', 'gradle', 'java', 'docker'];

/**
 * Packages of earlier synths, found again by everything that they were made from. It lies outside the source tree.
 *
 * `CDK_TRACED_FUNCTION_CACHE` names another folder, or is `off`.
 */
export class PackageCache {
  public static open(): PackageCache | undefined {
    const root = packageCacheRoot();
    return root ? new PackageCache(root) : undefined;
  }

  private readonly reader = new FingerprintReader();
  private readonly unchangedCommon = new Map<string, boolean>();
  private readonly key: string;

  private constructor(private readonly root: string) {
    this.key = JSON.stringify([FORMAT, ownStamp(), Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name)).sort(), toolStamps()]);
  }

  /** The package that the same request made from the same inputs. */
  public find(request: JobRequest): BundledPackage | undefined {
    const recordFile = this.recordFile(request);
    let record: CacheRecord;
    try {
      record = JSON.parse(fs.readFileSync(recordFile, 'utf8')) as CacheRecord;
    } catch {
      return undefined; // never made, or a record that a crash has cut short: it is made again
    }
    const stored = path.join(this.root, packageName(record));
    if (!fs.existsSync(stored) || !record.inputs.every(input => this.reader.isUnchanged(input))
      || !record.common.every(name => this.isCommonUnchanged(name))) {
      return undefined;
    }
    const now = new Date();
    keepForLater(() => fs.utimesSync(recordFile, now, now)); // what is used is pruned last
    return { path: stored, onlyFile: record.onlyFile, hash: record.hash };
  }

  /**
   * Keeps packages that were made together, but for those of which an input may have changed while they were made.
   *
   * @param startedAt nanoseconds since 1970 by the clock of the file system, before the first input was read
   */
  public store(packages: { request: JobRequest; bundled: BundledPackage; inputs: JobInputs }[], startedAt: bigint): void {
    // A new reader: the other one remembers what the files were before this synth.
    const reader = new FingerprintReader();
    const commonFiles = new Map<JobInputs, string | undefined>();
    const read = (inputs: JobInputs): InputFingerprint[] | undefined => {
      const fingerprints = [...new Set([...inputs.files, ...inputs.folders])].sort().map(file => reader.read(file));
      return fingerprints.some(f => f.state !== 'absent' && (BigInt(f.mtime!) >= startedAt || BigInt(f.ctime!) >= startedAt)) ? undefined : fingerprints;
    };
    const storeCommon = (inputs: JobInputs): string | undefined => {
      if (!commonFiles.has(inputs)) {
        const fingerprints = read(inputs);
        commonFiles.set(inputs, fingerprints && this.writeCommon(JSON.stringify(fingerprints)));
      }
      return commonFiles.get(inputs);
    };
    fs.mkdirSync(this.root, { recursive: true });
    for (const { request, bundled, inputs } of packages) {
      const fingerprints = read(inputs);
      const common = (inputs.common ?? []).map(storeCommon);
      if (fingerprints && common.every(name => name !== undefined)) {
        const onlyFile = this.keepPackage(bundled);
        this.write(this.recordFile(request), JSON.stringify({ hash: bundled.hash, onlyFile, inputs: fingerprints, common } satisfies CacheRecord));
      }
    }
  }

  /**
   * A new folder costs a file system several times what a file does, and most packages are one.
   *
   * @returns the name of that file
   */
  private keepPackage(bundled: BundledPackage): string | undefined {
    const entries = fs.readdirSync(bundled.path, { withFileTypes: true });
    const onlyFile = entries.length === 1 && entries[0].isFile() ? entries[0].name : undefined;
    const stored = path.join(this.root, packageName({ hash: bundled.hash, onlyFile }));
    if (!fs.existsSync(stored)) {
      const temporary = path.join(this.root, `new-${randomUUID()}`);
      if (onlyFile) {
        fs.copyFileSync(path.join(bundled.path, onlyFile), temporary, fs.constants.COPYFILE_FICLONE);
      } else {
        fs.mkdirSync(temporary);
        copyPackage(bundled, temporary);
      }
      moveUnlessThere(temporary, stored);
    }
    return onlyFile;
  }

  private writeCommon(fingerprints: string): string {
    const name = `inputs-${createHash('sha256').update(fingerprints).digest('hex')}.json`;
    this.write(path.join(this.root, name), fingerprints);
    return name;
  }

  private write(file: string, text: string): void {
    const temporary = `${file}.${process.pid}.new`;
    fs.writeFileSync(temporary, text);
    fs.renameSync(temporary, file); // whole or not at all, also when two synths write at once
  }

  private isCommonUnchanged(name: string): boolean {
    let unchanged = this.unchangedCommon.get(name);
    if (unchanged === undefined) {
      try {
        unchanged = (JSON.parse(fs.readFileSync(path.join(this.root, name), 'utf8')) as InputFingerprint[]).every(input => this.reader.isUnchanged(input));
      } catch {
        unchanged = false; // lost, like a record
      }
      this.unchangedCommon.set(name, unchanged);
    }
    return unchanged;
  }

  /** Keeps the cache within its bounds. */
  public prune(): void {
    prunePackageCache(this.root);
  }

  private recordFile(request: JobRequest): string {
    return path.join(this.root, `${createHash('sha256').update(this.key).update(JSON.stringify(request)).digest('hex')}.json`);
  }
}

let told = false;

/** Does what only later synths gain from. Where it cannot be done (a folder that is read-only, a full disk), this synth goes on, and says so once. */
export function keepForLater(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!told) {
      told = true;
      process.stderr.write(`cdk-traced-function: nothing is kept for the next synth (${(error as Error).message}); ` +
        "set CDK_TRACED_FUNCTION_CACHE to a folder that can be written, or to 'off'\n");
    }
  }
}

/** Folder of all that is kept between synths; none when that is switched off. */
export function packageCacheRoot(): string | undefined {
  const setting = process.env.CDK_TRACED_FUNCTION_CACHE;
  return setting === 'off' ? undefined : setting ? path.resolve(setting) : path.join(userCacheDir(), 'packages');
}

/** Folder of this package in the user's cache, by the conventions of the platform. */
export function userCacheDir(): string {
  const base = process.env.XDG_CACHE_HOME ?? (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined) ?? path.join(os.homedir(), '.cache');
  return path.join(base, 'cdk-traced-function');
}

/** Removes all but the newest entries of a folder. */
export function keepNewest(directory: string, number: number): void {
  const entries = fs.readdirSync(directory).map(name => ({ name, time: fs.statSync(path.join(directory, name)).mtimeMs }));
  entries.sort((a, b) => b.time - a.time).slice(number)
    .forEach(({ name }) => fs.rmSync(path.join(directory, name), { recursive: true, force: true }));
}

export function moveUnlessThere(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    // Another synth was first; its package has the same contents.
    fs.rmSync(from, { recursive: true, force: true });
    if (!fs.existsSync(to)) {
      throw error;
    }
  }
}

/** Changes with this package: what bundles, and what goes into functions. */
function ownStamp(): string {
  const root = path.resolve(__dirname, '..', '..', '..');
  return [path.join(__dirname, '..', 'runner'), path.join(root, 'runtime')].map(treeStamp).join(' ') + fs.statSync(path.join(root, 'package.json')).mtimeMs;
}

/** Where each tool lies and when it was installed: a stand-in for its version that costs no process. */
function toolStamps(): string[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return TOOLS.map(tool => {
    const found = folders.map(folder => path.join(folder, tool + suffix)).find(file => fs.existsSync(file));
    if (!found) {
      return `${tool} -`;
    }
    const stats = fs.statSync(found);
    return `${fs.realpathSync(found)} ${stats.size} ${stats.mtimeMs}`;
  });
}
