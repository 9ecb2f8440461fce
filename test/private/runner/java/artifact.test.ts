import * as fs from 'fs';
import * as path from 'path';
import { JavaJob } from '../../../../lib/private/languages/java-job';
import { holdsJar, unpackArtifact } from '../../../../lib/private/runner/java/artifact';
import { checkFramework, nameSpringApplication } from '../../../../lib/private/runner/java/frameworks';
import { classFile, jar } from '../../../java-classes';
import { temporaryFolder } from '../../../test-app';

const LIBRARY = jar({ 'example/Library.class': classFile('example/Library') }, new Date(2020, 1, 1));
const built = (modified: Date) => jar({ 'example/Words.class': classFile('example/Words') }, modified);
const project = { projectDir: '/project', artifact: 'target/function.zip' };

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'library-1.0.jar'), LIBRARY);
});

const dependencies = () => [{ id: 'example:library', version: '1.0', file: path.join(folder, 'library-1.0.jar') }];

function unpack(files: Record<string, Uint8Array | string>, target = 'package'): string[] {
  const archive = path.join(folder, 'archive');
  fs.writeFileSync(archive, jar(files));
  const directory = path.join(folder, target);
  unpackArtifact(archive, project, dependencies(), directory);
  return fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(directory, name)).isFile()).sort();
}

test('an archive for Lambda is unpacked as it is, and its libraries are known again', () => {
  expect(unpack({ 'example/Greeting.class': classFile('example/Greeting'), 'lib/example.library-1.0.jar': LIBRARY, 'lib/example.words-1.jar': built(new Date()) }))
    .toEqual(['example/Greeting.class', 'lib/example.library-1.0.jar', 'lib/example.words-1.jar']);
  expect(fs.readFileSync(path.join(folder, 'package/lib/example.library-1.0.jar')).equals(LIBRARY)).toBe(true);
  expect([holdsJar(path.join(folder, 'package'), dependencies()[0].file), holdsJar(path.join(folder, 'package'), '/other-1.0.jar')]).toEqual([true, false]);
});

test('a jar that was built just now gives the same bytes whenever it was built', () => {
  unpack({ 'lib/words.jar': built(new Date(2021, 1, 1)) }, 'one');
  unpack({ 'lib/words.jar': built(new Date(2022, 2, 2)) }, 'two');
  expect(fs.readFileSync(path.join(folder, 'one/lib/words.jar')).equals(fs.readFileSync(path.join(folder, 'two/lib/words.jar')))).toBe(true);
});

test('Spring Boot\'s executable jar is laid out for Lambda\'s class loader', () => {
  expect(unpack({
    'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\nStart-Class: example.App\r\n\r\n', 'BOOT-INF/classes/example/App.class': classFile('example/App'), 'BOOT-INF/lib/library-1.0.jar': LIBRARY,
    'BOOT-INF/classpath.idx': '', 'org/springframework/boot/loader/launch/JarLauncher.class': classFile('org/springframework/boot/loader/launch/JarLauncher'), 'META-INF/A.SF': '',
  })).toEqual(['META-INF/MANIFEST.MF', 'example/App.class', 'lib/library-1.0.jar']);
});

test('a native executable, and one that the build has not made, are refused', () => {
  expect(() => unpack({ bootstrap: 'ELF' })).toThrow(/^'target\/function\.zip' of '\/project' holds a native executable, which a runtime of Java does not start/);
  expect(() => unpackArtifact(path.join(folder, 'function.zip'), project, [], path.join(folder, 'package')))
    .toThrow(/^the build of '\/project' made no 'target\/function\.zip' \(its folder has .*library-1\.0\.jar\); set 'artifact' of Bundling\.java\(\)/);
});

test('a project of Quarkus is refused without its own archive', () => {
  const quarkus = [{ id: 'io.quarkus:quarkus-core', version: '3.15.1' }];
  const job = { projectDir: '/project', buildTool: 'gradle' } as JavaJob;
  expect(() => checkFramework(job, quarkus)).toThrow(/made with Quarkus, .*; set 'bundling' to Bundling\.java\(\{ artifact: 'build\/function\.zip' \}\) \(TF\d{3}\)$/);
  expect(() => checkFramework({ ...job, artifact: 'build/function.zip' }, quarkus)).not.toThrow();
});

test('Spring Cloud Function is told the application, where there is one', () => {
  const handler = 'org.springframework.cloud.function.adapter.aws.FunctionInvoker::handleRequest';
  const annotated = Buffer.concat([classFile('example/App'), Buffer.from('Lorg/springframework/boot/autoconfigure/SpringBootApplication;')]);
  fs.mkdirSync(path.join(folder, 'example'));
  fs.writeFileSync(path.join(folder, 'example/App.class'), annotated);
  const manifest = path.join(folder, 'META-INF/MANIFEST.MF');
  nameSpringApplication(folder, { handler: 'example.Handler' } as JavaJob);
  expect(fs.existsSync(manifest)).toBe(false);
  nameSpringApplication(folder, { handler } as JavaJob);
  expect(fs.readFileSync(manifest, 'utf8')).toBe('Manifest-Version: 1.0\r\nStart-Class: example.App\r\n\r\n');
});
