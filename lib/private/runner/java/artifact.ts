import * as fs from 'fs';
import * as path from 'path';
import { normalizeEntry, readJar, writeJar } from './archive';
import { JavaDependency } from './build';
import { BundlingError } from '../bundling-error';

/** Where Spring Boot's own loader looks, which does not run on Lambda, and where Lambda's class loader does. */
const SPRING_BOOT: [RegExp, string][] = [[/^BOOT-INF\/classes\//, ''], [/^BOOT-INF\/lib\//, 'lib/']];
const SPRING_BOOT_LOADER = /^(?:org\/springframework\/boot\/loader\/|BOOT-INF\/[^/]+$)/;

/** What a native executable is packed with. https://quarkus.io/guides/aws-lambda */
const NATIVE = /^(?:bootstrap|runner|native-executable)$/;

/**
 * Unpacks what the project's own build has made: an archive for Lambda, such as Quarkus's `function.zip`, a jar that holds all jars, or Spring Boot's executable jar.
 *
 * @param file absolute path
 * @param dependencies whose jars are the same on all machines, and stay as they are
 * @throws when it is not there, or is not for a runtime of Java
 */
export function unpackArtifact(
  file: string, { projectDir, artifact }: { projectDir: string; artifact: string }, dependencies: readonly JavaDependency[], directory: string,
): void {
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
    const folder = path.dirname(file);
    const found = fs.existsSync(folder) ? fs.readdirSync(folder).filter(name => /\.(?:jar|zip)$/.test(name)) : [];
    throw new BundlingError('TF606', `the build of '${projectDir}' made no '${artifact}' (its folder has ${found.length > 0 ? found.join(', ') : 'no .jar and no .zip'}); ` +
      "set 'artifact' of Bundling.java() to what the build makes, relative to 'entry', and 'buildArgs' to the task or profile that makes it");
  }
  const files = readJar(file);
  if ([...files.keys()].some(name => NATIVE.test(name))) {
    throw new BundlingError('TF607', `'${artifact}' of '${projectDir}' holds a native executable, which a runtime of Java does not start and in which nothing can be recorded; ` +
      'build it for the JVM (Quarkus: without -Dnative)');
  }
  const isSpringBoot = [...files.keys()].some(name => name.startsWith('BOOT-INF/classes/'));
  const jars = dependencies.map(dependency => dependency.file).filter(jar => fs.statSync(jar).isFile());
  const known = new Map(jars.map(jar => [path.basename(jar), jar]));
  for (const [name, bytes] of files) {
    if (isSpringBoot && SPRING_BOOT_LOADER.test(name) || /^META-INF\/[^/]+\.(?:SF|RSA|DSA|EC)$/i.test(name)) {
      continue; // signatures no longer match what is unpacked
    }
    const target = path.join(directory, isSpringBoot ? SPRING_BOOT.reduce((at, [from, to]) => at.replace(from, to), name) : name);
    if (path.relative(directory, target).startsWith('..')) {
      throw new BundlingError('TF608', `'${artifact}' of '${projectDir}' has a file outside of itself: '${name}'`);
    }
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if (name.endsWith('.jar') && !isCopyOf(known, name, bytes)) {
      writeBuiltJar(target, bytes);
    } else {
      fs.writeFileSync(target, normalizeEntry(name, bytes));
    }
  }
}

function isCopyOf(known: ReadonlyMap<string, string>, name: string, bytes: Buffer): boolean {
  // Quarkus puts the group in front.
  const base = [...known.keys()].find(candidate => name.endsWith(`/${candidate}`) || name.endsWith(`.${candidate}`));
  return base !== undefined && fs.readFileSync(known.get(base)!).equals(bytes);
}

/** A jar that the build has made, without what the next build would write otherwise; a signed one as it is. */
function writeBuiltJar(target: string, bytes: Buffer): void {
  fs.writeFileSync(target, bytes);
  const files = readJar(target);
  if (![...files.keys()].some(name => /^META-INF\/[^/]+\.SF$/i.test(name))) {
    writeJar(target, files);
  }
}

/** Whether a package of such an artifact has a dependency's jar. */
export function holdsJar(directory: string, jar: string): boolean {
  const lib = path.join(directory, 'lib');
  const base = path.basename(jar);
  return fs.existsSync(lib) && fs.readdirSync(lib).some(name => name === base || name.endsWith(`.${base}`));
}
