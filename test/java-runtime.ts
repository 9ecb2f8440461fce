import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './test-app';
import { readJar } from '../lib/private/runner/java/archive';

/** Whether the tests that need it can run. */
export const hasMaven = works('mvn');

function works(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let runtimeFolder: string | undefined;

/** Folder with the jars of Lambda's runtime interface client, from Maven. */
function javaRuntime(): string {
  if (!runtimeFolder) {
    runtimeFolder = temporaryFolder();
    execFileSync('mvn', ['--batch-mode', '--quiet', '-f', path.join(__dirname, '..', 'local', 'cloud', 'java', 'pom.xml'),
      'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${runtimeFolder}`], { stdio: ['ignore', 2, 2] });
    // By itself the client unpacks its library at each start to the same place in /tmp.
    const library = `jni/libaws-lambda-jni.linux-${process.arch === 'arm64' ? 'aarch_64' : 'x86_64'}.so`;
    const client = fs.readdirSync(runtimeFolder).find(name => name.startsWith('aws-lambda-java-runtime-interface-client-'))!;
    fs.writeFileSync(path.join(runtimeFolder, 'client.so'), readJar(path.join(runtimeFolder, client)).get(library)!);
  }
  return runtimeFolder;
}

/**
 * A program that runs the handler of a Java package as Lambda's runtimes do, and asks for work itself.
 *
 * @param layers folders of layers; on Lambda their jars come after those of the package, from /opt
 */
export function javaProgram(directory: string, handler: string, layers: string[] = []): string {
  const taskRoot = temporaryFolder();
  fs.cpSync(directory, taskRoot, { recursive: true });
  for (const layer of layers) {
    const jars = path.join(layer, 'java', 'lib');
    fs.mkdirSync(path.join(taskRoot, 'lib'), { recursive: true });
    // The name puts them last in the order of the class path.
    fs.readdirSync(jars).forEach(name => fs.copyFileSync(path.join(jars, name), path.join(taskRoot, 'lib', `~${name}`)));
  }
  const program = path.join(taskRoot, 'bootstrap');
  fs.writeFileSync(program, `#!/bin/sh
cd '${taskRoot}'
exec java -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.io.tmpdir='${taskRoot}' \\
  -Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI='${javaRuntime()}/client.so' \\
  -cp '${javaRuntime()}/*' com.amazonaws.services.lambda.runtime.api.client.AWSLambda '${handler}'
`, { mode: 0o755 });
  return program;
}
