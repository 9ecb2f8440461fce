import * as fs from 'fs';
import * as path from 'path';
import { jarFolder, readJar, writeJar } from './archive';
import { redirectCalls } from './class-weaver';
import { CAPTURED_ELSEWHERE, REDIRECTED_CALLS, RedirectedCalls, RedirectedKind } from './client-calls';
import { Recording } from '../../bundling/bundling-job';
import { JavaJob, JavaLayerJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';
import { javaRuntimeFile } from '../runtime-files';
import { findTool } from '../tool';

/** The oldest Java that functions may run on, so that any compiler of today gives the same. */
const RELEASE = '17';

const DRIVERS = 'META-INF/services/java.sql.Driver';
/** Names that a class has to hold before it is worth while to read it. */
const OWNERS = new Map(REDIRECTED_CALLS.map(({ redirections }) =>
  [redirections, [...new Set(redirections.map(({ owner }) => owner))].map(owner => Buffer.from(owner))]));
const SIGNATURE = /^META-INF\/[^/]+\.SF$/i;

/** What was redirected in a package. */
export interface Redirected {
  /** Files of `runtime/java` with what the calls come to, without their endings. */
  readonly sources: ReadonlySet<string>;
  /** Names of signed jars with such calls, which would no longer verify. */
  readonly signed: readonly string[];
}

/**
 * Redirects the calls of clients in all classes of a package: the project's own, and those of its libraries.
 *
 * @param directory with classes, and jars in `lib`
 */
export function redirectClients(directory: string, kinds: readonly RedirectedKind[]): Redirected {
  const wanted = REDIRECTED_CALLS.filter(({ kind }) => kinds.includes(kind));
  const sources = new Set<string>();
  const signed: string[] = [];
  if (wanted.length === 0) {
    return { sources, signed };
  }
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).map(name => name.split(path.sep).join('/'));
  const drivers = fs.existsSync(path.join(directory, DRIVERS)) ? packagesIn(fs.readFileSync(path.join(directory, DRIVERS), 'utf8')) : [];
  const used = without(wanted, 'sql', name => drivers.some(folder => name.startsWith(folder)));
  for (const name of names.filter(each => each.endsWith('.class'))) {
    const file = path.join(directory, name);
    const redirected = redirectClass(name, () => fs.readFileSync(file), used, sources);
    if (redirected) {
      fs.writeFileSync(file, redirected);
    }
  }
  for (const name of names.filter(each => /^lib\/[^/]+\.jar$/.test(each))) {
    if (redirectJar(path.join(directory, name), wanted, sources) === 'signed') {
      signed.push(path.basename(name));
    }
  }
  return { sources, signed };
}

function redirectJar(jar: string, wanted: readonly RedirectedCalls[], sources: Set<string>): 'signed' | undefined {
  const classes = readJar(jar, name => name === DRIVERS || name.endsWith('.class') && mayCall(name, wanted));
  // What a driver does within a call is no other call.
  const used = classes.has(DRIVERS) ? wanted.filter(({ kind }) => kind !== 'sql') : wanted;
  const found = new Set<string>();
  const changed = [...classes].flatMap(([name, bytes]): [string, Buffer][] => {
    const redirected = name === DRIVERS ? undefined : redirectClass(name, () => bytes, used, found);
    return redirected ? [[name, redirected]] : [];
  });
  if (changed.length === 0) {
    return undefined;
  }
  const files = readJar(jar);
  if ([...files.keys()].some(name => SIGNATURE.test(name))) {
    return 'signed';
  }
  changed.forEach(([name, bytes]) => files.set(name, bytes));
  found.forEach(source => sources.add(source));
  writeJar(jar, files);
  return undefined;
}

/** The calls, and those of one kind not in some of the classes. */
function without(
  wanted: readonly RedirectedCalls[], kind: RedirectedKind, isIn: (name: string) => boolean,
): (name: string) => readonly RedirectedCalls[] {
  const others = wanted.filter(calls => calls.kind !== kind);
  return name => isIn(name) ? others : wanted;
}

/** Folders of the packages of classes that a file of services names. */
function packagesIn(services: string): string[] {
  return services.split('\n').map(line => line.replace(/#.*/, '').trim()).filter(line => line.includes('.'))
    .map(name => `${name.slice(0, name.lastIndexOf('.')).replace(/\./g, '/')}/`);
}

/** Without the folder of those for newer versions of Java. */
const plainName = (name: string) => name.replace(/^META-INF\/versions\/\d+\//, '');

function mayCall(name: string, wanted: readonly RedirectedCalls[]): boolean {
  const plain = plainName(name);
  return wanted.some(({ within }) => within ? within.test(plain) : !CAPTURED_ELSEWHERE.test(plain));
}

function redirectClass(
  name: string, read: () => Buffer, wanted: readonly RedirectedCalls[] | ((name: string) => readonly RedirectedCalls[]), sources: Set<string>,
): Buffer | undefined {
  const plain = plainName(name);
  const calls = (typeof wanted === 'function' ? wanted(plain) : wanted).filter(({ within }) => within ? within.test(plain) : !CAPTURED_ELSEWHERE.test(plain));
  if (calls.length === 0) {
    return undefined;
  }
  let bytes = read();
  let changed = false;
  try {
    for (const { source, redirections } of calls) {
      const redirected = OWNERS.get(redirections)!.some(owner => bytes.includes(owner)) ? redirectCalls(bytes, redirections) : undefined;
      if (redirected) {
        bytes = redirected;
        changed = true;
        sources.add(source);
      }
    }
  } catch (error) {
    throw new BundlingError('TF609', `the calls of clients in the class ${name} cannot be recorded: ${(error as Error).message}; ` +
      'leave that kind of calls out by captureHttp or captureSql, or use Instrumentation.none()');
  }
  return changed ? bytes : undefined;
}

/** What the construct says is to be recorded, as a class. */
function settings({ s3Keys, urlPaths, exceptionMessages, redact }: Recording): string {
  return `package cdktracedfunction;

/** What the function's construct says is to be recorded. */
final class Settings {
  static final boolean S3_KEYS = ${s3Keys};
  static final boolean URL_PATHS = ${urlPaths};
  static final boolean EXCEPTION_MESSAGES = ${exceptionMessages};
  static final String[] REDACT = {${redact.map(pattern => JSON.stringify(pattern)).join(', ')}};

  private Settings() {}
}
`;
}

/**
 * Adds to a package, as a jar in `lib`, classes that are compiled against its own libraries.
 *
 * @param sources names of files of this package, without their ending
 * @param resources texts by their names in the jar
 * @param jars that the classes need beside those of the package
 */
export async function addCompiled(
  { workDir }: JavaJob | JavaLayerJob, directory: string, sources: string[],
  { recording, resources = {}, jars = [] }: { recording: Recording; resources?: Record<string, string>; jars?: string[] },
): Promise<void> {
  const [from, classes, used] = ['sources', 'classes', 'used'].map(name => path.join(workDir, 'capture', name));
  fs.rmSync(path.dirname(from), { recursive: true, force: true }); // of another package of the same project
  [from, classes, used].forEach(folder => fs.mkdirSync(folder, { recursive: true }));
  // A container sees only the work folder.
  const files = sources.map(source => copyTo(javaRuntimeFile(`${source}.java`), path.join(from, `${source}.java`)));
  files.push(path.join(from, 'Settings.java'));
  fs.writeFileSync(files.at(-1)!, settings(recording));
  jars.forEach(jar => copyTo(jar, path.join(used, path.basename(jar))));
  const { JAVA_HOME } = process.env;
  const tool = await findTool({
    name: 'Java',
    candidates: [...JAVA_HOME ? [path.join(JAVA_HOME, 'bin', 'javac')] : [], 'javac'].map(javac => ({ argv: [javac], versionArgs: ['-version'] })),
    docker: { image: 'maven:3-eclipse-temurin-25', argv: ['javac'] },
    install: 'a JDK (https://adoptium.net, to which JAVA_HOME has to point if it is set)',
  }, [workDir]);
  const classPath = [directory, path.join(directory, 'lib', '*'), path.join(used, '*')].join(path.delimiter);
  await runCommand([...tool.argv, '--release', RELEASE, '-encoding', 'UTF-8', '-proc:none', '-nowarn', '-cp', classPath, '-d', classes, ...files], { cwd: from })
    .catch((error: Error) => {
      throw new BundlingError('TF632', `what records calls does not compile with the versions of libraries in the package: ${error.message}; ` +
        'leave that kind of calls out by captureHttp, captureSql or captureAwsSdk, use another version of the library, or Instrumentation.none()');
    });
  for (const [name, text] of Object.entries(resources)) {
    fs.mkdirSync(path.dirname(path.join(classes, name)), { recursive: true });
    fs.writeFileSync(path.join(classes, name), text);
  }
  fs.mkdirSync(path.join(directory, 'lib'), { recursive: true });
  jarFolder(classes, path.join(directory, 'lib', 'cdk-traced-function.jar'));
}

function copyTo(file: string, target: string): string {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(file, target);
  return target;
}
