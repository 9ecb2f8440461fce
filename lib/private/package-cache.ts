import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { JobInputs, JobRequest } from './bundling-job';
import { FingerprintReader, InputFingerprint, treeStamp } from './input-fingerprint';

/** A finished package on disk. */
export interface BundledPackage {
  readonly directory: string;
  /** SHA-256 of the contents, 64 hexadecimal digits. */
  readonly hash: string;
}

/** What is known of a package, in `<key>.json`. */
interface CacheRecord {
  readonly hash: string;
  readonly inputs: InputFingerprint[];
}

/** Part of the key, so that a change of the format leaves old records unread. */
const FORMAT = 1;
const LARGEST_NUMBER_OF_RECORDS = 2_000;
/** A synth that has just stored a package may still be about to copy it. */
const PRUNE_AFTER_MILLISECONDS = 60 * 60 * 1_000;

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
  private readonly common: string;

  private constructor(private readonly root: string) {
    this.common = JSON.stringify([FORMAT, ownStamp(), Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name)).sort(), toolStamps()]);
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
    const directory = this.packageDir(record.hash);
    if (!fs.existsSync(directory) || !record.inputs.every(input => this.reader.isUnchanged(input))) {
      return undefined;
    }
    const now = new Date();
    fs.utimesSync(recordFile, now, now); // what is used is pruned last
    return { directory, hash: record.hash };
  }

  /**
   * Keeps a package, unless an input may have changed while it was made.
   *
   * @param startedAt milliseconds since 1970, before the first input was read
   */
  public store(request: JobRequest, bundled: BundledPackage, inputs: JobInputs, startedAt: number): void {
    // A new reader: the other one remembers what the files were before this synth.
    const reader = new FingerprintReader();
    const fingerprints = [...new Set([...inputs.files, ...inputs.folders])].sort().map(file => reader.read(file));
    const latest = BigInt(startedAt) * 1_000_000n;
    if (fingerprints.some(f => f.state !== 'absent' && (BigInt(f.mtime!) >= latest || BigInt(f.ctime!) >= latest))) {
      return;
    }
    fs.mkdirSync(this.root, { recursive: true });
    const directory = this.packageDir(bundled.hash);
    if (!fs.existsSync(directory)) {
      const temporary = fs.mkdtempSync(path.join(this.root, 'new-'));
      fs.cpSync(bundled.directory, temporary, { recursive: true, mode: fs.constants.COPYFILE_FICLONE });
      moveUnlessThere(temporary, directory);
    }
    const record: CacheRecord = { hash: bundled.hash, inputs: fingerprints };
    const temporary = `${this.recordFile(request)}.${process.pid}.new`;
    fs.writeFileSync(temporary, JSON.stringify(record));
    fs.renameSync(temporary, this.recordFile(request)); // whole or not at all, also when two synths write at once
  }

  /** Removes the records that were not used for longest, and packages that no record names. */
  public prune(): void {
    const entries = fs.existsSync(this.root) ? fs.readdirSync(this.root) : [];
    const old = (name: string) => Date.now() - fs.statSync(path.join(this.root, name)).mtimeMs > PRUNE_AFTER_MILLISECONDS;
    const records = entries.filter(name => name.endsWith('.json'));
    if (records.length <= LARGEST_NUMBER_OF_RECORDS) {
      return;
    }
    const byUse = records.map(name => ({ name, used: fs.statSync(path.join(this.root, name)).mtimeMs })).sort((a, b) => b.used - a.used);
    // Half of them: pruning at every synth from now on would cost more than the room is worth.
    byUse.slice(LARGEST_NUMBER_OF_RECORDS / 2).forEach(({ name }) => fs.rmSync(path.join(this.root, name), { force: true }));
    const kept = new Set(byUse.slice(0, LARGEST_NUMBER_OF_RECORDS / 2)
      .map(({ name }) => `package-${(JSON.parse(fs.readFileSync(path.join(this.root, name), 'utf8')) as CacheRecord).hash}`));
    entries.filter(name => /^(?:package|new)-/.test(name) && !kept.has(name) && old(name))
      .forEach(name => fs.rmSync(path.join(this.root, name), { recursive: true, force: true }));
  }

  private recordFile(request: JobRequest): string {
    return path.join(this.root, `${createHash('sha256').update(this.common).update(JSON.stringify(request)).digest('hex')}.json`);
  }

  private packageDir(hash: string): string {
    return path.join(this.root, `package-${hash}`);
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
  const root = path.resolve(__dirname, '..', '..');
  return [path.join(__dirname, 'runner'), path.join(root, 'runtime')].map(treeStamp).join(' ') + fs.statSync(path.join(root, 'package.json')).mtimeMs;
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
