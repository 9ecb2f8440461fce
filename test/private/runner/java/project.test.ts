import * as fs from 'fs';
import * as path from 'path';
import { GRADLE_BUILD_FILES } from '../../../../lib/private/runner/java/gradle';
import { MAVEN_BUILD_FILES } from '../../../../lib/private/runner/java/maven';
import { copyJavaProject, JavaBuildFiles } from '../../../../lib/private/runner/java/project';
import { projectFolder, temporaryFolder } from '../../../test-app';

interface Copied {
  /** Relative to the folder of the test's project. */
  readonly files: string[];
  readonly inputFiles: string[];
  readonly inputFolders: string[];
  readonly to: string;
}

function copy(folder: string, root: string, kind: JavaBuildFiles, skip = 'none', projectDir = root): Copied {
  const to = path.join(temporaryFolder(), 'copy');
  const { root: copyOfRoot, inputs } = copyJavaProject(path.join(folder, root), path.join(folder, projectDir), kind, to, path.join(folder, skip));
  const relative = (files: readonly string[]) => files.map(file => path.relative(folder, file)).filter(file => !file.startsWith('..')).sort();
  const files = fs.readdirSync(to, { recursive: true, encoding: 'utf8' }).map(name => path.join(to, name)).filter(file => fs.statSync(file).isFile());
  return {
    to,
    files: files.map(file => path.join(root, path.relative(copyOfRoot, file))).sort(),
    inputFiles: relative(inputs.files),
    inputFolders: relative(inputs.folders),
  };
}

test('copies the sources, and nothing that was built, installed or is of another tool', () => {
  const folder = projectFolder({
    'app/pom.xml': '<project/>', 'app/src/main/java/A.java': '', 'app/src/main/resources/target/kept': '', 'app/.mvn/maven.config': '-Pa',
    'app/target/classes/A.class': '', 'app/.git/HEAD': '', 'app/node_modules/x/index.js': '', 'app/cdk.out/manifest.json': '', 'app/out/asset.1/file': '',
    'app/module/pom.xml': '<project/>', 'app/module/target/classes/B.class': '',
  });
  const { files, inputFolders } = copy(folder, 'app', MAVEN_BUILD_FILES, 'app/out');
  expect(files).toEqual(['app/.mvn/maven.config', 'app/module/pom.xml', 'app/pom.xml', 'app/src/main/java/A.java', 'app/src/main/resources/target/kept']);
  expect(inputFolders).toEqual(expect.arrayContaining(['app', 'app/src/main/java', 'app/module']));
  expect(inputFolders).not.toContain('app/target');
});

test('copies what a Maven build names outside of itself, and the parent that it does not name', () => {
  const folder = projectFolder({
    'app/pom.xml': '<project><parent><artifactId>p</artifactId></parent><build><resources><resource><directory>${project.basedir}/../shared</directory></resource></resources></build></project>',
    'pom.xml': '<project><parent><relativePath>../nowhere/pom.xml</relativePath></parent><!-- ../unused --><x>../unused</x></project>',
    'shared/a.txt': '', 'unused/b.txt': '', 'other/c.txt': '',
  });
  expect(copy(folder, 'app', MAVEN_BUILD_FILES).files).toEqual(['app/pom.xml', 'pom.xml', 'shared/a.txt']);
});

test('copies what a Gradle build names outside of itself, and what that names', () => {
  const folder = projectFolder({
    'app/settings.gradle.kts': 'includeBuild("../logic")\n', 'app/build.gradle': "apply from: \"$rootDir/../common.gradle\"\nfiles('../..')\n", 'app/build/libs/app.jar': '',
    'logic/build.gradle.kts': 'files("../lib/x.jar")\n', 'logic/build/y': '', 'common.gradle': '', 'lib/x.jar': '', 'lib/z.jar': '',
  });
  expect(copy(folder, 'app', GRADLE_BUILD_FILES).files).toEqual([
    'app/build.gradle', 'app/settings.gradle.kts', 'common.gradle', 'lib/x.jar', 'logic/build.gradle.kts',
  ]);
});

test('follows links, keeps modes, and ends', () => {
  const folder = projectFolder({ 'app/pom.xml': '', 'app/mvnw': '', 'elsewhere/Linked.java': '' });
  fs.chmodSync(path.join(folder, 'app/mvnw'), 0o755);
  fs.symlinkSync('../elsewhere', path.join(folder, 'app/src'));
  fs.symlinkSync('..', path.join(folder, 'app/loop'));
  fs.symlinkSync('nowhere', path.join(folder, 'app/dangling'));
  const { files, to } = copy(folder, 'app', MAVEN_BUILD_FILES);
  expect(files).toEqual(['app/mvnw', 'app/pom.xml', 'app/src/Linked.java']);
  expect((fs.statSync(path.join(to, 'mvnw')).mode & 0o777).toString(8)).toBe('755');
});

test('takes what could become part of the build for an input', () => {
  const folder = projectFolder({ 'all/pom.xml': '', 'all/app/pom.xml': '' });
  expect(copy(folder, 'all/app', MAVEN_BUILD_FILES).inputFiles).toEqual(expect.arrayContaining(['all/.mvn', 'all/app/.mvn', 'all/app/pom.xml', 'all/pom.xml', 'pom.xml']));
});
