import { createHash, randomUUID } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { CacheRecord, packageName, parseRecord } from './cache-record';
import { FingerprintReader, InputFingerprint, treeHash } from './input-fingerprint';
import { prunePackageCache } from './prune-package-cache';
import { isCacheShared, keepForLater, moveUnlessThere, packageCacheRoot, tellForeignCache } from './user-cache';
import { JobInputs, JobRequest, JobWarning } from '../bundling/bundling-job';
import { copyPackage, StoredPackage } from '../files/copy-package';
import { directoryHash, filesHash } from '../files/directory-hash';

/** A finished package on disk. */
export interface BundledPackage extends StoredPackage {
  /** SHA-256 of the contents, 64 hexadecimal digits. */
  readonly hash: string;
  readonly warnings?: readonly JobWarning[];
}

/** Part of the key, so that a change of the format leaves old records unread. */
const FORMAT = 4;

/** What the packages of a language depend on beside what their jobs name. */
export interface Toolchain {
  /** Programs that make the packages. */
  readonly tools: readonly string[];
  /** Names of variables that change what these programs make. */
  readonly environment: RegExp;
}

/**
 * Packages of earlier synths, found again by everything that they were made from. It lies outside the source tree.
 *
 * `CDK_TRACED_FUNCTION_CACHE` names another folder, or is `off`.
 */
export class PackageCache {
  public static open(toolchains: readonly Toolchain[]): PackageCache | undefined {
    const root = packageCacheRoot();
    if (!root) {
      tellForeignCache();
      return undefined;
    }
    return new PackageCache(root, toolchains);
  }

  private readonly reader = new FingerprintReader();
  private readonly unchangedCommon = new Map<string, boolean>();
  private readonly key: string;

  private constructor(private readonly root: string, toolchains: readonly Toolchain[]) {
    const variables = Object.entries(process.env).filter(([name]) => toolchains.some(({ environment }) => environment.test(name))).sort();
    const tools = [...new Set(toolchains.flatMap(toolchain => toolchain.tools))].sort();
    this.key = JSON.stringify([FORMAT, ownStamp(), variables, toolStamps(root, tools)]);
  }

  /** The package that the same request made from the same inputs. */
  public find(request: JobRequest): BundledPackage | undefined {
    const recordFile = this.recordFile(request);
    const record = fs.existsSync(recordFile) ? parseRecord(fs.readFileSync(recordFile, 'utf8')) : undefined;
    if (!record) {
      return undefined;
    }
    const stored = path.join(this.root, packageName(record));
    if (!fs.existsSync(stored) || !record.inputs.every(input => this.reader.isUnchanged(input))
      || !record.common.every(name => this.isCommonUnchanged(name))) {
      return undefined;
    }
    if (isCacheShared() && hashOf(stored, record.onlyFile) !== record.hash) {
      process.stderr.write(`cdk-traced-function: what the cache holds in ${stored} is not what was put there, so the package is made anew\n`);
      keepForLater(() => fs.rmSync(stored, { recursive: true, force: true }));
      return undefined;
    }
    const now = new Date();
    keepForLater(() => fs.utimesSync(recordFile, now, now)); // what is used is pruned last
    return { path: stored, onlyFile: record.onlyFile, hash: record.hash, warnings: record.warnings };
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
        const { hash, warnings } = bundled;
        this.write(this.recordFile(request), JSON.stringify({ hash, onlyFile, warnings, inputs: fingerprints, common } satisfies CacheRecord));
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
    const name = commonName(fingerprints);
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
        const text = fs.readFileSync(path.join(this.root, name), 'utf8');
        unchanged = name === commonName(text) && (JSON.parse(text) as InputFingerprint[]).every(input => this.reader.isUnchanged(input));
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

function commonName(fingerprints: string): string {
  return `inputs-${createHash('sha256').update(fingerprints).digest('hex')}.json`;
}

/** Hash of a stored package by its contents; undefined for one that cannot be read. */
function hashOf(stored: string, onlyFile: string | undefined): string | undefined {
  try {
    if (onlyFile === undefined) {
      return directoryHash(stored);
    }
    const { mode } = fs.lstatSync(stored);
    const hash = createHash('sha256').update(fs.readFileSync(stored)).digest('hex');
    return filesHash([{ file: onlyFile, executable: (mode & 0o111) !== 0, hash }]);
  } catch {
    return undefined;
  }
}

let ownHash: string | undefined;

/** Changes with this package: what bundles, and what goes into functions. By contents: a fresh installation of the same version is the same. */
function ownStamp(): string {
  const root = path.resolve(__dirname, '..', '..', '..');
  ownHash ??= [path.join(__dirname, '..', 'runner'), path.join(root, 'runtime')].map(treeHash).join(' ');
  return ownHash;
}

/** Where each tool lies, and its contents: a stand-in for its version that costs no process. */
function toolStamps(root: string, tools: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return tools.map(tool => {
    const found = folders.map(folder => path.join(folder, tool + suffix)).find(file => fs.existsSync(file));
    return found ? `${fs.realpathSync(found)} ${contentsOf(root, fs.realpathSync(found))}` : `${tool} -`;
  });
}

/** SHA-256 of a program. Its times only save reading it: it has tens of megabytes. */
function contentsOf(root: string, file: string): string {
  const { size, mtimeNs, ctimeNs, ino } = fs.statSync(file, { bigint: true });
  const stamp = createHash('sha256').update([file, size, mtimeNs, ctimeNs, ino].join('\0')).digest('hex');
  const memo = path.join(root, `tool-${stamp}`);
  const known = fs.existsSync(memo) ? fs.readFileSync(memo, 'utf8') : '';
  if (/^[0-9a-f]{64}$/.test(known)) {
    return known;
  }
  const hash = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  keepForLater(() => fs.writeFileSync(memo, hash));
  return hash;
}
