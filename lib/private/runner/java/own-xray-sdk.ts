import * as fs from 'fs';
import * as path from 'path';
import { JavaArtifact } from './build';
import { BundlingError } from '../bundling-error';

const CORE = 'com.amazonaws:aws-xray-recorder-sdk-core';
const JACKSON = 'com.fasterxml.jackson.core:jackson-databind';

/** Files in which a project names versions. */
const BUILD_FILES = ['pom.xml', 'build.gradle', 'build.gradle.kts', 'gradle.properties', 'gradle/libs.versions.toml'];

/** Each with the oldest X-Ray SDK that works, and why an older one does not. */
const LOWEST = [
  // https://github.com/FasterXML/jackson-databind/issues/4136
  { jackson: '2.20', version: '2.15.0', why: 'it uses names of Jackson that Jackson 2.20 no longer has, and fails at the first document' },
  // https://docs.aws.amazon.com/lambda/latest/dg/java-tracing.html
  { jackson: '0', version: '2.9.0', why: 'it does not read the system property by which runtimes of Java 17 and newer tell the trace, and records nothing' },
];

/**
 * @param supplied the version that the construct supplies where a project names none
 * @throws when the project's own X-Ray SDK is too old to work
 */
export function checkOwnXraySdk(projectDir: string, dependencies: readonly JavaArtifact[], supplied: string): void {
  const versionOf = (wanted: string) => dependencies.find(({ id }) => id === wanted)?.version;
  const own = versionOf(CORE);
  const jackson = versionOf(JACKSON) ?? '0';
  const broken = own === undefined ? undefined : LOWEST.find(({ jackson: since, version }) => !isOlder(jackson, since) && isOlder(own, version));
  if (own === undefined || broken === undefined) {
    return;
  }
  const line = lineOf(projectDir, own);
  throw new BundlingError('TF623', `the X-Ray SDK of '${projectDir}' (${CORE}) is ${own}, and cannot work: ${broken.why}; the lowest that works is ${broken.version}. ` +
    (line ? `Change ${line} to ${supplied}` : `It comes with another dependency: name ${CORE}:${supplied} in the project itself`));
}

/** The line that names a version, with its file and number. */
function lineOf(projectDir: string, version: string): string | undefined {
  for (const file of BUILD_FILES.map(name => path.join(projectDir, name)).filter(name => fs.existsSync(name))) {
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    const named = lines.flatMap((text, i) => text.includes(version) ? [i] : []);
    // The one that is nearest to a mention of the SDK.
    const mentions = lines.flatMap((text, i) => /xray/i.test(text) ? [i] : []);
    const distance = (i: number) => Math.min(...mentions.map(mention => Math.abs(mention - i)), Number.MAX_SAFE_INTEGER);
    const [nearest] = named.sort((a, b) => distance(a) - distance(b));
    if (nearest !== undefined) {
      return `'${lines[nearest].trim()}' (${file}:${nearest + 1})`;
    }
  }
  return undefined;
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
