import * as fs from 'fs';
import * as path from 'path';
import { recorderIn, Recorder } from './recorder';
import { requireShipped } from '../../files/shipped-packages';

const { unzipSync } = requireShipped<typeof import('fflate')>('fflate');

/** Files whose text is looked into; of others the name. */
const TEXTS = /\.(?:[cm]?js|[cm]?ts|py|json|txt|toml|xml|gradle|mod|kts)$/;
/** What no longer says more: packages are known by their first files. */
const MOST_BYTES = 64_000_000;
const MOST_FILES = 20_000;
const LARGEST_ARCHIVE = 300_000_000;
const SKIPPED = new Set(['.git', '__pycache__', 'cdk.out', '.aws-sam', '.serverless', 'test', 'tests']);
/** They name what tools of the project need, too. */
const LOCKS = /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|.*\.lock)$/;

/** Looks into packages of functions: folders, archives, single files. Each is read once, however many functions share it. */
export class PackageContents {
  private readonly known = new Map<string, Recorder>();

  /** What in the package records calls; `unknown` when there is no such file. */
  public recorderOf(place: string): Recorder {
    let recorder = this.known.get(place);
    if (recorder === undefined) {
      recorder = look(place);
      this.known.set(place, recorder);
    }
    return recorder;
  }
}

function look(place: string): Recorder {
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (!stat) return 'unknown';
  const found = new Set<Recorder>();
  const add = (text: string) => {
    const recorder = recorderIn(text);
    if (recorder) found.add(recorder);
  };
  if (stat.isDirectory()) lookIntoFolder(place, add, () => found.has('cdk-traced-function'));
  else lookIntoFile(place, add);
  return ORDER.find(recorder => found.has(recorder)) ?? 'none';
}

const ORDER: readonly Recorder[] = ['cdk-traced-function', 'Datadog', 'Powertools', 'X-Ray SDK', 'OpenTelemetry', 'another product'];

function lookIntoFolder(root: string, add: (text: string) => void, isKnown: () => boolean): void {
  let bytes = 0;
  let files = 0;
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined && !isKnown(); folder = folders.shift()) {
    const names: string[] = [];
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (SKIPPED.has(entry.name)) continue;
        folders.push(name);
        names.push(`${name}/`);
        continue;
      }
      names.push(name);
      if (!entry.isFile() || LOCKS.test(name) || bytes > MOST_BYTES || files++ > MOST_FILES) continue;
      const file = path.join(root, name);
      // A binary has no ending, or is Lambda's own name for it; dependencies are known by the names of their folders.
      if (/(?:^|\/)node_modules\//.test(name) || !(TEXTS.test(name) || /\.(?:jar|zip)$/.test(name) || !path.extname(name))) continue;
      bytes += fs.statSync(file).size;
      lookIntoFile(file, add);
    }
    add(names.join('\n'));
  }
}

function lookIntoFile(file: string, add: (text: string) => void): void {
  if (/\.(?:jar|zip)$/.test(file)) lookIntoArchive(file, add);
  else add(fs.readFileSync(file).toString('latin1'));
}

function lookIntoArchive(file: string, add: (text: string) => void): void {
  if (fs.statSync(file).size > LARGEST_ARCHIVE) return;
  add(path.basename(file));
  const isJar = file.endsWith('.jar');
  const names: string[] = [];
  try {
    const contents = unzipSync(fs.readFileSync(file), {
      filter: ({ name, originalSize }) => {
        names.push(name);
        return !isJar && !/(?:^|\/)node_modules\//.test(name) && originalSize < MOST_BYTES && (TEXTS.test(name) || !path.posix.extname(name) && !name.endsWith('/'));
      },
    });
    for (const bytes of Object.values(contents)) add(Buffer.from(bytes).toString('latin1'));
  } catch {
    // Not an archive, or a damaged one: what could be read of its list of names counts.
  }
  add(names.join('\n'));
}
