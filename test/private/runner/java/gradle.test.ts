import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling, Instrumentation, SdkDelivery, TracedFunctionProps } from '../../../../lib';
import { directoryHash } from '../../../../lib/private/files/directory-hash';
import { FakeGradle, GradleProject } from '../../../fake-gradle';
import { classFile } from '../../../java-classes';
import { bundle, bundlingError } from '../../../packages';

jest.setTimeout(120_000);

const AWS = 'software.amazon.awssdk:aws-core:2.30.0';
const AWS_VERSION_1 = 'com.amazonaws:aws-java-sdk-core:1.12.780';
const LIBRARY = 'example:library:1.0';
const jackson = (...names: string[]) => names.map(name => `com.fasterxml.jackson.core:jackson-${name}:2.15.4`);
const JACKSON = jackson('annotations', 'core', 'databind');

const SDK = [
  'lib/aws-xray-recorder-sdk-aws-sdk-v2-2.20.0.jar', 'lib/aws-xray-recorder-sdk-aws-sdk-v2-instrumentor-2.20.0.jar', 'lib/aws-xray-recorder-sdk-core-2.21.0.jar',
];
const SDK_JACKSON = ['lib/jackson-annotations-2.18.6.jar', 'lib/jackson-core-2.18.6.jar', 'lib/jackson-databind-2.18.6.jar'];

const newer = { 'example/Handler.class': classFile('example/Handler', { javaVersion: 21, methods: ['handleRequest'] }) };
const inherits = {
  'example/Handler.class': classFile('example/Handler', { superclass: 'example/Base' }),
  'example/Base.class': classFile('example/Base', { methods: ['handleRequest'] }),
};
/** A file of the name by which tracing registers itself, of somebody else. */
const registration = { 'software/amazon/awssdk/global/handlers/execution.interceptors': Buffer.from('another.Interceptor') };

function of(project: GradleProject, props: Partial<TracedFunctionProps> = {}): TracedFunctionProps {
  return { entry: new FakeGradle(project).projectDir, ...props };
}

function files(directory: string): string[] {
  return fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(directory, name)).isFile()).sort();
}

describe('a Gradle project', () => {
  const shared = new FakeGradle({ dependencies: [AWS], shadow: {} });
  const options = new FakeGradle({ dependencies: [AWS, LIBRARY], wrapperAbove: true });
  const optionsBefore = directoryHash(options.root);
  let packages: Record<string, string>;

  beforeAll(() => {
    packages = bundle({
      One: { entry: shared.projectDir },
      Two: { entry: shared.projectDir, handler: 'example.Handler::count' },
      Untraced: { entry: shared.projectDir, instrumentation: Instrumentation.none() },
      Clone: of({ dependencies: [AWS], shadow: {} }),
      Options: { entry: options.projectDir, bundling: Bundling.java({ buildArgs: ['-Pstage=prod'], environment: { BUILD_VARIABLE: 'value' } }) },
      NoAws: of({ dependencies: [LIBRARY] }),
      OwnJackson: of({ dependencies: [AWS, ...jackson('core')], classes: registration }),
      Merged: of({ dependencies: [AWS, ...JACKSON], shadow: {} }),
      MergedInPart: of({ dependencies: [AWS, ...JACKSON], shadow: { without: 'com/fasterxml/jackson/databind' } }),
      Newer: of({ classes: newer }),
      Inherits: of({ classes: inherits }),
    });
  });

  test('is packed with its dependencies and the SDK, without what an earlier build has left', () => {
    expect(files(packages.Options)).toEqual(['META-INF/LICENSE.cdk-traced-function', 'example/Handler.class', 'lib/aws-core-2.30.0.jar', ...SDK, ...SDK_JACKSON, 'lib/library-1.0.jar'].sort());
  });

  test('is built in a copy by its wrapper, also one in the folder above, with the user\'s arguments and variables', () => {
    expect(directoryHash(options.root)).toBe(optionsBefore);
    expect(options.runs.map(({ args, variable }) => [args.at(-1), variable])).toEqual([['cdkTracedFunctionClassPath', 'value'], ['cdkTracedFunctionResolve', 'value']]);
    const [{ args, cwd }] = options.runs;
    expect(args.slice(0, 3)).toEqual(['--quiet', '--console=plain', '--project-dir']);
    expect(args[3]).toBe(path.join(cwd, 'app'));
    expect(args[3]).not.toContain(options.projectDir);
    expect(args).toContain('-Pstage=prod');
  });

  test('gives its functions one build, and each folder the same package', () => {
    expect(shared.runs.map(({ args }) => args.at(-1))).toEqual(['cdkTracedFunctionClassPath', 'cdkTracedFunctionResolve']);
    expect(packages.One).toBe(packages.Two);
    expect(packages.One).toBe(packages.Clone);
    expect(packages.One).not.toBe(packages.Untraced);
  });

  test('gets no SDK where there is nothing to capture', () => {
    expect(files(packages.NoAws)).toEqual(['example/Handler.class', 'lib/library-1.0.jar']);
    expect(files(packages.Untraced).filter(name => SDK.includes(name))).toEqual([]);
  });

  test('keeps its own version of what the SDK needs too, and the rest of Jackson follows it', () => {
    expect(files(packages.OwnJackson).filter(name => name.includes('jackson'))).toEqual(SDK_JACKSON.map(name => name.replace('2.18.6', '2.15.4')));
  });

  test('that merges its jars is unpacked, without what differs from build to build', () => {
    expect(files(packages.Merged)).toContain('software/amazon/awssdk/awscore/AwsClient.class');
    expect(files(packages.Merged).filter(name => name.startsWith('lib'))).toEqual(SDK);
    expect(fs.readFileSync(path.join(packages.Merged, 'META-INF/MANIFEST.MF'), 'utf8')).toBe('Manifest-Version: 1.0\r\n\r\n');
  });

  test('that leaves classes out of its merged jar gets those back that the SDK needs', () => {
    expect(files(packages.MergedInPart).filter(name => name.startsWith('lib'))).toEqual([...SDK, 'lib/jackson-databind-2.15.4.jar']);
  });

  test('may have a handler for a Java as new as the runtime\'s, and one that inherits its method', () => {
    expect([packages.Newer, packages.Inherits].map(files)).toEqual([['example/Handler.class'], ['example/Base.class', 'example/Handler.class']]);
  });
});

describe('bundling fails', () => {
  const gone = new FakeGradle({ dependencies: ['example:gone:1'] });
  let errors: string[];

  beforeAll(() => {
    const sdkDelivery = SdkDelivery.sharedLayer();
    errors = bundlingError({
      TooNew: of({ classes: newer }, { runtime: lambda.Runtime.JAVA_17 }),
      NoMethod: of({ classes: inherits }, { handler: 'example.Handler::other' }),
      NoInstrumentor: of({ dependencies: [AWS_VERSION_1] }),
      NoDependency: { entry: gone.projectDir },
      // The layer itself comes from Maven, and is no part of this: java.e2e.test.ts has it.
      HalfJackson: of({ dependencies: [AWS, ...jackson('core')] }, { sdkDelivery }),
      VersionOneInLayer: of({ dependencies: [AWS_VERSION_1] }, { sdkDelivery }),
      FitsLayer: of({ dependencies: [AWS] }, { sdkDelivery }),
      FitsLayerWithJackson: of({ dependencies: [AWS, ...JACKSON] }, { sdkDelivery }),
    }).split('\n\n');
  });

  test.each([
    ['TooNew', /the class 'example\.Handler' of '.*app' is compiled for Java 21, which the runtime java17 cannot load; compile it for Java 17 \(.*\), or set 'runtime' to java21/],
    ['NoMethod', /the class 'example\.Handler' of '.*' has no method 'other'; set 'handler' to one that it has/],
    ['NoInstrumentor', /Could not find com\.amazonaws:aws-xray-recorder-sdk-aws-sdk-instrumentor:2\.20\.0/],
    ['NoDependency', new RegExp(`^cannot bundle '.*': Gradle 8\\.14 cannot build '${gone.projectDir}': [\\s\\S]*Could not find example:gone:1\\. Broken: ${gone.projectDir}/build\\.gradle\\.kts`)],
    ['HalfJackson', /has some of Jackson's artifacts, .*; add com\.fasterxml\.jackson\.core:jackson-annotations and com\.fasterxml\.jackson\.core:jackson-databind to the project, or use SdkDelivery\.bundled\(\)/],
    ['VersionOneInLayer', /uses version 1 of the AWS SDK \(com\.amazonaws:aws-java-sdk-core\), which the shared layer does not capture; use SdkDelivery\.bundled\(\)/],
  ])('with what is wrong and what to do: %s', (id, message) => {
    expect(errors.filter(error => error.includes(`'Stack/${id}'`))).toEqual([expect.stringMatching(message)]);
  });

  test('for those that are wrong, and no others', () => {
    expect(errors.join('\n').match(/'Stack\/\w+'/g)!.map(name => name.slice(7, -1)).filter(name => !name.startsWith('TracingLayer')).sort())
      .toEqual(['HalfJackson', 'NoDependency', 'NoInstrumentor', 'NoMethod', 'TooNew', 'VersionOneInLayer']);
  });
});
