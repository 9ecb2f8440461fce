import * as fs from 'fs';
import * as path from 'path';
import { hasMaven, javaProgram } from './java-runtime';
import { LambdaEnvironment, PARENT, ROOT } from './lambda-environment';
import { bundle, bundlingError } from './packages';
import { fixture, JAVA_ENTRY, projectFolder } from './test-app';
import { Instrumentation, SdkDelivery } from '../lib';
import { directoryHash } from '../lib/private/files/directory-hash';

jest.setTimeout(300_000);

const LAYER = 'TracingLayerjavax8664'; // logical ids have no underscore

const POM = fs.readFileSync(path.join(JAVA_ENTRY, 'pom.xml'), 'utf8');
const SOURCE = fs.readFileSync(path.join(JAVA_ENTRY, 'src/main/java/example/PutItem.java'), 'utf8');
const PLAIN = 'package example;\n\npublic class Plain {\n  public String handle(String event) {\n    return event;\n  }\n}\n';

/** The same project elsewhere, with what an earlier build has left there. */
function clone(): string {
  return projectFolder({
    'pom.xml': POM,
    'src/main/java/example/PutItem.java': SOURCE,
    'src/main/java/example/Count.java': fs.readFileSync(path.join(JAVA_ENTRY, 'src/main/java/example/Count.java'), 'utf8'),
    'target/classes/example/Deleted.class': 'of a source that is gone',
  });
}

function multiModule(): string {
  const module = (name: string, dependencies: string) => `<project xmlns="http://maven.apache.org/POM/4.0.0">
    <modelVersion>4.0.0</modelVersion><parent><groupId>example</groupId><artifactId>all</artifactId><version>1-SNAPSHOT</version></parent>
    <artifactId>${name}</artifactId>${dependencies}</project>`;
  return projectFolder({
    'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
      <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>all</artifactId><version>1-SNAPSHOT</version><packaging>pom</packaging>
      <modules><module>names</module><module>function</module><module>unrelated</module></modules>
      ${/<properties>[\s\S]*<\/properties>/.exec(POM)![0]} ${/<build>[\s\S]*<\/build>/.exec(POM)![0]}</project>`,
    'names/pom.xml': module('names', ''),
    'names/src/main/java/example/Names.java': 'package example;\n\npublic class Names {\n  public static final String TABLE = new String("items");\n}\n',
    'function/pom.xml': module('function', /<dependencies>[\s\S]*<\/dependencies>/.exec(POM)![0].replace('<dependencies>',
      '<dependencies><dependency><groupId>example</groupId><artifactId>names</artifactId><version>1-SNAPSHOT</version></dependency>')),
    'function/src/main/java/example/PutItem.java': SOURCE.replace('"items"', 'Names.TABLE'),
    'unrelated/pom.xml': module('unrelated', ''),
    'unrelated/src/main/java/example/Broken.java': 'this does not compile, and nobody needs it',
  });
}

/** Merges all jars into one, as most guides for Java on Lambda tell. */
function shadedProject(): string {
  const plugins = '<plugin><artifactId>maven-surefire-plugin</artifactId><version>3.5.2</version></plugin>'
    + '<plugin><artifactId>maven-jar-plugin</artifactId><version>3.4.2</version></plugin>'
    + '<plugin><artifactId>maven-shade-plugin</artifactId><version>3.6.0</version>'
    + '<executions><execution><phase>package</phase><goals><goal>shade</goal></goals></execution></executions></plugin>';
  return projectFolder({ 'pom.xml': POM.replace('</plugins>', `${plugins}</plugins>`), 'src/main/java/example/PutItem.java': SOURCE });
}

function plainProject(): string {
  return projectFolder({ 'pom.xml': POM.replace(/<dependencies>[\s\S]*<\/dependencies>/, ''), 'src/main/java/example/Plain.java': PLAIN });
}

if (!hasMaven) {
  console.warn('The tests of Java packages are skipped: they need Maven and a JDK');
}

(hasMaven ? describe : describe.skip)('a Maven project', () => {
  let packages: Record<string, string>;
  let environment: LambdaEnvironment;
  const filesBefore = directoryHash(fixture('java'));

  beforeAll(async () => {
    environment = await LambdaEnvironment.start();
    packages = bundle({
      PutItem: { entry: JAVA_ENTRY },
      Count: { entry: JAVA_ENTRY, handler: 'example.Count::count' },
      Clone: { entry: clone() },
      Untraced: { entry: JAVA_ENTRY, instrumentation: Instrumentation.none() },
      Layered: { entry: JAVA_ENTRY, sdkDelivery: SdkDelivery.sharedLayer() },
      Module: { entry: path.join(multiModule(), 'function') },
      OtherModule: { entry: path.join(multiModule(), 'function') },
      Plain: { entry: plainProject(), handler: 'example.Plain::handle' },
      Shaded: { entry: shadedProject() },
    });
  });
  afterAll(async () => environment.stop());

  function jars(id: string): string[] {
    const lib = path.join(packages[id], 'lib');
    return fs.existsSync(lib) ? fs.readdirSync(lib).sort() : [];
  }

  const canRun = process.platform === 'linux';
  const testOnLinux = canRun ? test : test.skip;
  if (!canRun) {
    console.warn('The tests that run a Java package are skipped: its runtime interface client needs Linux');
  }

  const subsegment = { namespace: 'aws', name: 'DynamoDb', trace_id: ROOT, parent_id: PARENT };
  const SDK = /^aws-xray-recorder-sdk-/;

  testOnLinux.each([
    ['PutItem', 'example.PutItem', '"a"', 'PutItem'],
    ['Count', 'example.Count::count', '0', 'Scan'],
    ['Layered', 'example.PutItem', '"a"', 'PutItem'],
    ['Module', 'example.PutItem', '"a"', 'PutItem'],
    ['Shaded', 'example.PutItem', '"a"', 'PutItem'],
  ])('%s: a call of a plain handler is recorded once, with its table, and carries the trace on', async (id, handler, answer, operation) => {
    const layers = id === 'Layered' ? [packages[LAYER]] : [];
    const { output, documents, calls } = await environment.serve(javaProgram(packages[id], handler, layers), { id: 'a' });
    expect(output).toBe(answer);
    const recorded = documents.filter(document => document.namespace === 'aws');
    expect(recorded).toMatchObject([{ ...subsegment, aws: { operation, table_name: 'items' } }]);
    expect(calls).toEqual([{ operation: `DynamoDB_20120810.${operation}`, traceHeader: expect.stringContaining(`Root=${ROOT};Parent=${recorded[0].id};Sampled=1`) }]);
  });

  testOnLinux('nothing is recorded without instrumentation', async () => {
    const { output, documents } = await environment.serve(javaProgram(packages.Untraced, 'example.PutItem'), { id: 'a' });
    expect([output, documents]).toEqual(['"a"', []]);
  });

  test('classes lie at the root and dependencies in lib, with the SDK and what it needs, and each artifact once', () => {
    expect(fs.readdirSync(packages.PutItem).sort()).toEqual(['META-INF', 'example', 'lib']);
    expect(fs.readdirSync(path.join(packages.PutItem, 'META-INF'))).toEqual(['LICENSE.cdk-traced-function']);
    expect(jars('PutItem').filter(name => SDK.test(name))).toEqual([
      'aws-xray-recorder-sdk-aws-sdk-core-2.20.0.jar', 'aws-xray-recorder-sdk-aws-sdk-v2-2.20.0.jar',
      'aws-xray-recorder-sdk-aws-sdk-v2-instrumentor-2.20.0.jar', 'aws-xray-recorder-sdk-core-2.21.0.jar',
    ]);
    const names = jars('PutItem').map(name => name.replace(/-\d[\w.]*\.jar$/, ''));
    expect(names).toEqual([...new Set(names)]);
    expect(names).toEqual(expect.arrayContaining(['dynamodb', 'jackson-annotations', 'jackson-core', 'jackson-databind', 'commons-logging']));
    expect(names).not.toContain('httpclient');
  });

  test('the function\'s own versions stay', () => {
    // utils-lite is what the SDK asks for in an older version.
    expect(jars('PutItem')).toEqual(expect.arrayContaining(['utils-lite-2.41.0.jar', 'aws-core-2.41.0.jar']));
  });

  test('two folders give the same package, whatever an earlier build has left', () => {
    expect(directoryHash(packages.Clone)).toBe(directoryHash(packages.PutItem));
    expect(directoryHash(packages.OtherModule)).toBe(directoryHash(packages.Module));
  });

  test('functions of one project share their package', () => {
    expect(packages.Count).toBe(packages.PutItem);
  });

  test('another module of the build becomes a jar of its own', () => {
    expect(jars('Module')).toContain('names-1-SNAPSHOT.jar');
  });

  test('the SDK is in the package only where a client is captured', () => {
    expect(['PutItem', 'Untraced', 'Layered', 'Plain'].map(id => `${id} ${jars(id).some(name => SDK.test(name))}`))
      .toEqual(['PutItem true', 'Untraced false', 'Layered false', 'Plain false']);
  });

  test('the shared layer holds the SDK where Lambda looks for jars, and nothing of the AWS SDK but what the SDK itself needs', () => {
    const layer = fs.readdirSync(path.join(packages[LAYER], 'java', 'lib')).map(name => name.replace(/-\d[\w.]*\.jar$/, '')).sort();
    expect(layer).toEqual([
      'annotations', 'aws-xray-recorder-sdk-aws-sdk-core', 'aws-xray-recorder-sdk-aws-sdk-v2', 'aws-xray-recorder-sdk-aws-sdk-v2-instrumentor',
      'aws-xray-recorder-sdk-core', 'cdk-traced-function.jar', 'commons-logging', 'jackson-annotations', 'jackson-core', 'jackson-databind', 'utils-lite',
    ]);
  });

  test('a merged jar is unpacked, and holds beside it only what the SDK adds', () => {
    expect(fs.existsSync(path.join(packages.Shaded, 'software/amazon/awssdk/services/dynamodb/DynamoDbClient.class'))).toBe(true);
    expect(jars('Shaded').every(name => SDK.test(name) || /^(?:jackson|commons-logging|cdk-traced-function)[-.]/.test(name))).toBe(true);
  });

  test('the user\'s files stay as they are', () => {
    expect(directoryHash(fixture('java'))).toBe(filesBefore);
  });

  describe('bundling', () => {
    test('fails with the compiler\'s words and the user\'s path when the code does not compile', () => {
      const entry = projectFolder({ 'pom.xml': POM.replace(/<dependencies>[\s\S]*<\/dependencies>/, ''), 'src/main/java/example/Plain.java': PLAIN.replace('return event', 'return evnt') });
      const error = bundlingError({ Function: { entry, handler: 'example.Plain::handle' } });
      expect(error).toMatch(/^cannot bundle 'Stack\/Function': Maven [\d.]+ cannot build '/);
      expect(error).toMatch(new RegExp(`${entry}/src/main/java/example/Plain\\.java:\\[5,12\\] cannot find symbol`));
      expect(error).not.toContain('/project/');
    });

    test('fails for a handler that the package does not have, and for no other function of the project', () => {
      const entry = plainProject();
      const error = bundlingError({ Missing: { entry, handler: 'example.Gone' }, Method: { entry, handler: 'example.Plain' }, Fine: { entry, handler: 'example.Plain::handle' } });
      expect(error.split('\n\n')).toEqual([
        `cannot bundle 'Stack/Missing': the package of '${entry}' has no class 'example.Gone' (looked for example/Gone.class among its classes and in 0 jars); ` +
          "set 'handler' to the class that handles events, such as 'com.example.Handler', or 'entry' to the project that holds it (TF624)",
        `cannot bundle 'Stack/Method': the class 'example.Plain' of '${entry}' has no method 'handleRequest'; ` +
          "implement RequestHandler or RequestStreamHandler, or name a method: 'example.Plain::handle' (TF626)",
      ]);
    });
  });
});
