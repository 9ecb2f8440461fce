import * as path from 'path';
import { readLock } from '../../../../lib/private/runner/nodejs/node-modules/read-lock';
import { projectFolder } from '../../../test-app';

const manifest = JSON.stringify({ dependencies: { 'asked': '^1.0.0', 'renamed': 'npm:real-name@^2.0.0', '@scope/twice': '^3.0.0' } });

const LOCKS: Record<string, string> = {
  'Yarn 1': [
    '# yarn lockfile v1', '',
    'asked@^1.0.0, asked@^1.1.0:', '  version "1.2.0"', '  resolved "https://registry.example/asked-1.2.0.tgz#abc"', '  integrity sha512-a', '  dependencies:', '    "@scope/twice" "^3.1.0"', '',
    '"renamed@npm:real-name@^2.0.0":', '  version "2.0.1"', '  integrity sha512-b', '',
    '"@scope/twice@^3.0.0", "@scope/twice@^3.1.0":', '  version "3.1.4"', '  integrity sha512-c', '',
  ].join('\n'),
  'a newer Yarn': [
    '__metadata:', '  version: 8', '',
    '"asked@npm:^1.0.0, asked@npm:^1.1.0":', '  version: 1.2.0', '  resolution: "asked@npm:1.2.0"', '  dependencies:', '    "@scope/twice": "npm:^3.1.0"', '  checksum: 10c0/a', '  languageName: node', '  linkType: hard', '',
    '"renamed@npm:real-name@^2.0.0":', '  version: 2.0.1', '  resolution: "real-name@npm:2.0.1"', '  checksum: 10c0/b', '  languageName: node', '  linkType: hard', '',
    '"@scope/twice@npm:^3.0.0, @scope/twice@npm:^3.1.0":', '  version: 3.1.4', '  resolution: "@scope/twice@npm:3.1.4"', '  checksum: 10c0/c', '  languageName: node', '  linkType: hard', '',
    '"app@workspace:.":', '  version: 0.0.0-use.local', '  resolution: "app@workspace:."', '  languageName: unknown', '  linkType: soft', '',
  ].join('\n'),
};

test.each(Object.keys(LOCKS))('a lock file of %s gives name and version of what is asked for in several ways, and under another name', kind => {
  const graph = readLock(path.join(projectFolder({ 'package.json': manifest, 'yarn.lock': LOCKS[kind] }), 'yarn.lock'));
  const found = ['asked', 'renamed', '@scope/twice'].map(name => graph.get(graph.find(name, [''])!)).map(({ name, version }) => `${name} ${version}`);
  expect(found).toEqual(['asked 1.2.0', 'real-name 2.0.1', '@scope/twice 3.1.4']);
  expect(graph.dependenciesOf(graph.find('asked', [''])!).map(({ name, key }) => `${name} ${graph.get(key).version}`)).toEqual(['@scope/twice 3.1.4']);
});
