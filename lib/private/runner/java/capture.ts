import * as fs from 'fs';
import * as path from 'path';
import { jarFolder } from './archive';
import { redirectCalls, Redirection } from './class-weaver';
import { JavaJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';
import { javaRuntimeFile } from '../runtime-files';
import { findTool } from '../tool';

/** The oldest Java that functions may run on, so that any compiler of today gives the same. */
const RELEASE = '17';

/** https://docs.oracle.com/en/java/javase/21/docs/api/java.net.http/java/net/http/HttpClient.html */
const HTTP_CALLS: Redirection[] = [
  ['send', 'Ljava/net/http/HttpResponse;', ''],
  ['sendAsync', 'Ljava/util/concurrent/CompletableFuture;', ''],
  ['sendAsync', 'Ljava/util/concurrent/CompletableFuture;', 'Ljava/net/http/HttpResponse$PushPromiseHandler;'],
].map(([name, result, more]) => ({
  owner: 'java/net/http/HttpClient',
  name,
  descriptor: `(Ljava/net/http/HttpRequest;Ljava/net/http/HttpResponse$BodyHandler;${more})${result}`,
  target: 'cdktracedfunction/HttpCalls',
}));

/**
 * Redirects the calls of Java's own HTTP client in the classes that lie at a package's root: the project's own, and, where all jars were merged into one,
 * those of all libraries.
 *
 * @returns whether there are any
 */
export function redirectHttpCalls(directory: string): boolean {
  let found = false;
  for (const name of fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.class'))) {
    const file = path.join(directory, name);
    const bytes = fs.readFileSync(file);
    if (!bytes.includes('java/net/http/HttpClient')) {
      continue;
    }
    try {
      const redirected = redirectCalls(bytes, HTTP_CALLS);
      if (redirected) {
        fs.writeFileSync(file, redirected);
        found = true;
      }
    } catch (error) {
      throw new BundlingError('TF609', `the calls over HTTP of the class ${name} cannot be recorded: ${(error as Error).message}; use Instrumentation.none()`);
    }
  }
  return found;
}

/**
 * Adds to a package, as a jar in `lib`, classes that are compiled against its own libraries.
 *
 * @param sources names of files of this package, without their ending
 * @param more texts by their names in the jar, and jars that the classes need beside those of the package
 */
export async function addCompiled(
  { workDir }: JavaJob, directory: string, sources: string[],
  { resources = {}, jars = [] }: { resources?: Record<string, string>; jars?: string[] },
): Promise<void> {
  const [from, classes, used] = ['sources', 'classes', 'used'].map(name => path.join(workDir, name));
  [from, classes, used].forEach(folder => fs.mkdirSync(folder, { recursive: true }));
  // A container sees only the work folder.
  const files = sources.map(source => copyInto(javaRuntimeFile(`${source}.java`), from));
  jars.forEach(jar => copyInto(jar, used));
  const { JAVA_HOME } = process.env;
  const tool = await findTool({
    name: 'Java',
    candidates: [...JAVA_HOME ? [path.join(JAVA_HOME, 'bin', 'javac')] : [], 'javac'].map(javac => ({ argv: [javac], versionArgs: ['-version'] })),
    docker: { image: 'maven:3-eclipse-temurin-25', argv: ['javac'] },
    install: 'a JDK (https://adoptium.net, to which JAVA_HOME has to point if it is set)',
  }, [workDir]);
  const classPath = [directory, path.join(directory, 'lib', '*'), path.join(used, '*')].join(path.delimiter);
  await runCommand([...tool.argv, '--release', RELEASE, '-encoding', 'UTF-8', '-proc:none', '-nowarn', '-cp', classPath, '-d', classes, ...files], { cwd: from });
  for (const [name, text] of Object.entries(resources)) {
    fs.mkdirSync(path.dirname(path.join(classes, name)), { recursive: true });
    fs.writeFileSync(path.join(classes, name), text);
  }
  fs.mkdirSync(path.join(directory, 'lib'), { recursive: true });
  jarFolder(classes, path.join(directory, 'lib', 'cdk-traced-function.jar'));
}

function copyInto(file: string, folder: string): string {
  const target = path.join(folder, path.basename(file));
  fs.copyFileSync(file, target);
  return target;
}
