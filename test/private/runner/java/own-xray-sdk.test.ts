import { checkOwnXraySdk } from '../../../../lib/private/runner/java/own-xray-sdk';
import { projectFolder } from '../../../test-app';

const CORE = 'com.amazonaws:aws-xray-recorder-sdk-core';
const JACKSON = 'com.fasterxml.jackson.core:jackson-databind';
const dependencies = (core: string, jackson?: string) => [{ id: CORE, version: core }, ...jackson ? [{ id: JACKSON, version: jackson }] : []];

test.each([['2.9.0', undefined], ['2.9.1', '2.13.0'], ['2.15.0', '2.20.1'], ['2.21.0', '2.21.0'], ['2.14.0', '2.19.4']])('an X-Ray SDK %s with Jackson %s is taken', (core, jackson) => {
  expect(() => checkOwnXraySdk('/project', dependencies(core, jackson), '2.21.0')).not.toThrow();
});

test('a project without the SDK is none of its business', () => {
  expect(() => checkOwnXraySdk('/project', [{ id: JACKSON, version: '2.20.0' }], '2.21.0')).not.toThrow();
});

test.each([
  ['Maven', { 'pom.xml': '<project>\n<version>2.4.0</version>\n<properties>\n<other>2.4.0</other>\n\n<xray.version>2.4.0</xray.version>\n</properties>\n</project>' }, /Change '<xray\.version>2\.4\.0<\/xray\.version>' \(.*pom\.xml:6\) to 2\.21\.0 \(TF623\)$/],
  ['Gradle', { 'build.gradle.kts': 'dependencies {\n  implementation("com.amazonaws:aws-xray-recorder-sdk-core:2.4.0")\n}\n' }, /Change 'implementation\("com\.amazonaws:aws-xray-recorder-sdk-core:2\.4\.0"\)' \(.*build\.gradle\.kts:2\) to 2\.21\.0 \(TF623\)$/],
  ['another dependency', { 'pom.xml': '<project/>' }, /It comes with another dependency: name com\.amazonaws:aws-xray-recorder-sdk-core:2\.21\.0 in the project itself \(TF623\)$/],
])('one that is too old is refused with what to change: %s', (_, files, message) => {
  const folder = projectFolder(files as unknown as Record<string, string>);
  const check = () => checkOwnXraySdk(folder, dependencies('2.4.0'), '2.21.0');
  expect(check).toThrow(/^the X-Ray SDK of '.*' \(com\.amazonaws:aws-xray-recorder-sdk-core\) is 2\.4\.0, and cannot work: it does not read the system property .*; the lowest that works is 2\.9\.0\. /);
  expect(check).toThrow(message);
});

test('one that is too old for the project\'s Jackson is refused', () => {
  expect(() => checkOwnXraySdk('/project', dependencies('2.11.1', '2.20.0'), '2.21.0')).toThrow(/is 2\.11\.1, and cannot work: it uses names of Jackson .*; the lowest that works is 2\.15\.0/);
});
