// Functions in Go and in Java, which are programs that ask for work by themselves.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makePackages, sizeOf } from '../lambda-packages.mjs';
import { cached } from '../peers.mjs';
import { ENVIRONMENT } from './environment.mjs';
import { startOf } from './runtime-api.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const fixture = language => join(root, 'test', 'fixtures', language, 'put-item');

function versionOf(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
  } catch {
    return undefined;
  }
}

export async function goPackages(scratch, log) {
  const go = versionOf('go', 'version');
  if (!go) return { versions: { missing: 'there is no go on the PATH' } };
  const entry = fixture('go');
  log('Go: building');
  const made = await makePackages(join(scratch, 'go'), { traced: { entry }, untraced: { entry, instrumentation: 'none' } });
  const binary = ({ folder }) => join(folder, 'bootstrap');
  const start = package_ => () => startOf(binary(package_), [], { ...ENVIRONMENT, _HANDLER: 'bootstrap', HOME: scratch });
  return {
    starts: { 'xraySdk()': { traced: start(made.traced), untraced: start(made.untraced) } },
    sizes: [{ what: 'Go, binary', size: 'against untraced', ours: sizeOf(binary(made.traced)), peer: sizeOf(binary(made.untraced)) }],
    versions: { Go: go.split(' ')[2].slice(2) },
  };
}

export async function javaPackages(scratch, log) {
  const maven = versionOf('mvn', '--version');
  if (!maven) return { versions: { missing: 'there is no mvn on the PATH' } };
  const pom = join(root, 'local', 'cloud', 'java', 'pom.xml');
  const runtime = await cached('java-runtime', { 'Lambda\'s runtime interface client': '' }, log, async folder => {
    await promisify(execFile)('mvn', ['--batch-mode', '--quiet', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`], { maxBuffer: 1e8 });
  });
  const entry = fixture('java');
  log('Java: building');
  const made = await makePackages(join(scratch, 'java'), { traced: { entry, runtime: 'java17' }, untraced: { entry, runtime: 'java17', instrumentation: 'none' } });
  const temporary = join(scratch, 'java-temporary');
  mkdirSync(temporary);
  // As Lambda's own start script: classes and jars of the package, one compiler, no file of statistics.
  const start = ({ folder, handler, environment }) => () => startOf('java', [
    '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', `-Djava.io.tmpdir=${temporary}`, '-cp', [`${runtime}/*`, folder, `${folder}/lib/*`].join(':'),
    'com.amazonaws.services.lambda.runtime.api.client.AWSLambda', handler,
  ], { ...ENVIRONMENT, ...environment, LAMBDA_TASK_ROOT: folder, _HANDLER: handler, HOME: scratch });
  return {
    starts: { 'xraySdk()': { traced: start(made.traced), untraced: start(made.untraced) } },
    sizes: [{ what: 'Java, package', size: 'against untraced', ours: sizeOf(made.traced.folder), peer: sizeOf(made.untraced.folder) }],
    versions: { Java: versionOf('java', '--version')?.split(' ')[1] },
  };
}
