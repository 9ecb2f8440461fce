import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { JavaArtifact, JavaBuild, JavaDependency, JavaResolution } from './build';
import { keepForLater, keepNewest, packageCacheRoot } from '../../cache/user-cache';
import { JavaJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';

/** Versions that the construct supplies when a project names none. The SDK's other artifacts are of the version that these ask for. */
export const VERSIONS = { core: '2.21.0', awsSdkV1: '2.20.0', awsSdkV2: '2.20.0' };

const LARGEST_NUMBER_OF_RECORDS = 100;

const CORE = 'com.amazonaws:aws-xray-recorder-sdk-core';

/**
 * What captures the clients of an AWS SDK: it names itself to the SDK by a file on the class path.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-java-awssdkclients.html
 */
export const INSTRUMENTORS = [
  {
    /** Artifact that every client of the AWS SDK needs. */
    sdk: 'software.amazon.awssdk:aws-core',
    id: 'com.amazonaws:aws-xray-recorder-sdk-aws-sdk-v2-instrumentor',
    version: VERSIONS.awsSdkV2,
    registration: 'software/amazon/awssdk/global/handlers/execution.interceptors',
    className: 'com/amazonaws/xray/interceptors/TracingInterceptor',
  },
  {
    sdk: 'com.amazonaws:aws-java-sdk-core',
    id: 'com.amazonaws:aws-xray-recorder-sdk-aws-sdk-instrumentor',
    version: VERSIONS.awsSdkV1,
    registration: 'com/amazonaws/global/handlers/request.handler2s',
    className: 'com/amazonaws/xray/handlers/TracingHandler',
  },
] as const;

/** What the SDK names and never loads on Lambda: annotations of its compiler, and an HTTP client that only its EKS plugin uses. */
const UNUSED = [
  'com.google.auto.value:auto-value-annotations', 'com.google.auto.service:auto-service-annotations', 'org.apache.httpcomponents:httpclient',
];

/** Artifacts that hold the classes of Commons Logging under another name. */
const COMMONS_LOGGING = { id: 'commons-logging:commons-logging', others: ['org.slf4j:jcl-over-slf4j', 'org.springframework:spring-jcl'] };

export const JACKSON = 'com.fasterxml.jackson.core';
export const JACKSON_NAMES = ['jackson-annotations', 'jackson-core', 'jackson-databind'];

type Instrumentor = (typeof INSTRUMENTORS)[number];

/**
 * Which instrumentors a project's dependencies call for.
 *
 * @throws where calls of AWS are not to be recorded, and the project has what records them
 */
export function instrumentorsFor({ capture, projectDir, instrumentation }: JavaJob, dependencies: readonly JavaArtifact[]): Instrumentor[] {
  if (capture.clients.includes('aws-sdk')) {
    return INSTRUMENTORS.filter(({ sdk }) => dependencies.some(({ id }) => id === sdk));
  }
  const own = instrumentation === 'xray-sdk' ? INSTRUMENTORS.find(({ id }) => dependencies.some(dependency => dependency.id === id)) : undefined;
  if (own) {
    throw new BundlingError('TF631', `'captureAwsSdk: false' has no effect for '${projectDir}': it depends on ${own.id}, which records the calls of AWS by itself; take one of them out`);
  }
  return [];
}

/**
 * The tracing SDK for a project: what its dependencies call for and all that this needs, some of which the project may have already.
 * Where both name an artifact the project's version counts, for it is what the project's own code was tested with.
 */
export async function resolveXraySdk(
  build: JavaBuild, dependencies: readonly JavaArtifact[], instrumentors: readonly Instrumentor[], callsClients: boolean,
): Promise<JavaDependency[]> {
  if (instrumentors.length === 0 && !callsClients) {
    return []; // nothing in it would be captured
  }
  const versions = Object.fromEntries(dependencies.filter(({ id }) => !id.startsWith('file:')).map(({ id, version }) => [id, version]));
  const ownCore = versions[CORE];
  return resolveOnce(build, {
    artifacts: [
      { id: CORE, version: ownCore ?? VERSIONS.core },
      // An instrumentor that is newer than the core may call what the core does not have.
      ...instrumentors.map(({ id, version }) => ({ id, version: ownCore && isOlder(ownCore, version) ? ownCore : version })),
    ],
    versions: { [CORE]: VERSIONS.core, ...jacksonVersions(versions), ...versions },
    exclusions: [...UNUSED, ...COMMONS_LOGGING.others.some(id => id in versions) ? [COMMONS_LOGGING.id] : []]
      // What the project asks for itself stays.
      .filter(id => !(id in versions)),
  });
}

/** The tracing SDK for a layer, without the AWS SDK, which the functions bring. */
export async function resolveXraySdkLayer(build: JavaBuild): Promise<JavaDependency[]> {
  const [{ id, version }] = INSTRUMENTORS;
  const core = { id: CORE, version: VERSIONS.core };
  const found = await resolveOnce(build, { artifacts: [core, { id, version }], versions: { [CORE]: VERSIONS.core }, exclusions: UNUSED });
  // The SDK's core needs these two, and older functions do not have them.
  const kept = ['software.amazon.awssdk:utils-lite', 'software.amazon.awssdk:annotations'];
  return found.filter(dependency => kept.includes(dependency.id) || /^(?:com\.amazonaws|com\.fasterxml\.jackson\.core|commons-logging):/.test(dependency.id));
}

/** Jackson's three artifacts work in one version only, so those that a project lacks follow the one that it has. */
function jacksonVersions(versions: Record<string, string>): Record<string, string> {
  const own = JACKSON_NAMES.map(name => versions[`${JACKSON}:${name}`]).find(version => version !== undefined);
  if (own === undefined) {
    return {};
  }
  const [major, minor, patch = '0'] = own.split('.');
  // From 2.20 on the annotations have no third number. https://github.com/FasterXML/jackson/wiki/Jackson-Release-2.20
  const ofAnnotations = Number(major) > 2 || Number(minor) >= 20 ? `${major}.${minor}` : own;
  return Object.fromEntries(JACKSON_NAMES.map(name => [`${JACKSON}:${name}`, name === 'jackson-annotations' ? ofAnnotations : `${major}.${minor}.${patch}`]));
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}

/** Asks the build tool, unless an earlier synth has asked the same and what it got is still there. */
async function resolveOnce(build: JavaBuild, resolution: JavaResolution): Promise<JavaDependency[]> {
  const root = packageCacheRoot();
  if (!root) {
    return build.resolve(resolution);
  }
  const key = createHash('sha256').update(JSON.stringify([build.tool, resolution])).digest('hex');
  const record = path.join(root, 'java-dependencies', `${key}.json`);
  try {
    const known = JSON.parse(fs.readFileSync(record, 'utf8')) as JavaDependency[];
    if (known.every(({ file }) => fs.existsSync(file))) {
      return known;
    }
  } catch {
    // Never asked, or a record that a crash has cut short: it is asked now.
  }
  const found = await build.resolve(resolution);
  keepForLater(() => {
    fs.mkdirSync(path.dirname(record), { recursive: true });
    const temporary = `${record}.${process.pid}.new`;
    fs.writeFileSync(temporary, JSON.stringify(found));
    fs.renameSync(temporary, record);
    keepNewest(path.dirname(record), LARGEST_NUMBER_OF_RECORDS);
  });
  return found;
}
