import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LambdaEnvironment } from './lambda-environment';
import { NpmRegistry, PublishedPackage } from './npm-registry';
import { bundle, bundlingError } from './packages';
import { projectFolder, temporaryFolder } from './test-app';
import { Bundling, NodejsBundlingOptions, TracedFunctionProps } from '../lib';

const TOKEN = 'npm-token-of-the-test';
const MACHINES = { x64: 62, arm64: 183 };

/** Enough of an ELF file to be told from one for another machine. */
function addon(machine: number, strings = ''): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, Buffer.from(strings, 'latin1')]);
}

const forPlatform = (os: string, cpu: keyof typeof MACHINES): PublishedPackage => ({
  manifest: { name: `@picture/${os}-${cpu}`, version: '2.1.0', os: [os], cpu: [cpu] },
  files: { 'picture.node': os === 'linux' ? addon(MACHINES[cpu]) : 'Mach-O' },
});

/** An install script that has made the addon that is there. */
const MADE = { install: 'exit 0' };

const PACKAGES: PublishedPackage[] = [
  forPlatform('linux', 'x64'), forPlatform('linux', 'arm64'), forPlatform('darwin', 'arm64'),
  {
    manifest: {
      name: 'picture', version: '2.1.0', main: 'index.js', dependencies: { shared: '^2.0.0' },
      optionalDependencies: { '@picture/linux-x64': '2.1.0', '@picture/linux-arm64': '2.1.0', '@picture/darwin-arm64': '2.1.0' },
    },
    files: { 'index.js': "exports.size = () => require('shared').version + ' ' + require('fs').readdirSync(require('path').join(__dirname, '..', '@picture')).join();" },
  },
  { manifest: { name: 'shared', version: '1.0.0' }, files: { 'index.js': "exports.version = '1';" } },
  { manifest: { name: 'shared', version: '2.0.0' }, files: { 'index.js': "exports.version = '2';" } },
  {
    manifest: { name: 'prebuilt', version: '1.0.0', scripts: { install: 'exit 1' } },
    files: {
      'index.js': 'exports.loaded = true;', 'binding.gyp': '{}', 'prebuilds/linux-x64/a.node': addon(62), 'prebuilds/linux-x64/a.musl.node': addon(62),
      'prebuilds/linux-arm64/a.node': addon(183), 'prebuilds/darwin-x64+arm64/a.node': 'Mach-O',
    },
  },
  { manifest: { name: 'too-new', version: '1.0.0', scripts: MADE }, files: { 'binding.gyp': '{}', 'build/Release/a.node': addon(62, 'GLIBC_2.39\0') } },
  { manifest: { name: 'old-abi', version: '1.0.0', scripts: MADE }, files: { 'binding.gyp': '{}', 'build/Release/a.node': addon(62, 'node_register_module_v115\0') } },
  { manifest: { name: 'unmade', version: '1.0.0', scripts: { install: 'exit 7' } }, files: { 'binding.gyp': '{}' } },
  { manifest: { name: 'intel-only', version: '1.0.0', scripts: MADE }, files: { 'binding.gyp': '{}', 'build/Release/a.node': addon(62) } },
];

let registry: NpmRegistry;
let environment: LambdaEnvironment;
let project: string;

beforeAll(async () => {
  environment = await LambdaEnvironment.start();
  registry = await NpmRegistry.start(PACKAGES, TOKEN);
  const locked = (name: string, version: string, more: object = {}) => ({ version, integrity: registry.integrityOf(name, version), ...more });
  const all = ['prebuilt', 'too-new', 'old-abi', 'intel-only', 'unmade'];
  const dependencies = { picture: '2.1.0', shared: '1.0.0', ...Object.fromEntries(all.map(name => [name, '1.0.0'])) };
  project = projectFolder({
    'package.json': JSON.stringify({ dependencies }),
    '.npmrc': `registry=${registry.url}\n${registry.url.replace('http:', '')}:_authToken=\${REGISTRY_TOKEN}\n`,
    'package-lock.json': JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { dependencies },
        'node_modules/picture': locked('picture', '2.1.0', {
          dependencies: { shared: '^2.0.0' }, optionalDependencies: { '@picture/linux-x64': '2.1.0', '@picture/linux-arm64': '2.1.0', '@picture/darwin-arm64': '2.1.0' },
        }),
        ...Object.fromEntries([['linux', 'x64'], ['linux', 'arm64'], ['darwin', 'arm64']].map(([os, cpu]) =>
          [`node_modules/@picture/${os}-${cpu}`, locked(`@picture/${os}-${cpu}`, '2.1.0', { os: [os], cpu: [cpu], optional: true })])),
        'node_modules/picture/node_modules/shared': locked('shared', '2.0.0'),
        'node_modules/shared': locked('shared', '1.0.0'),
        ...Object.fromEntries(all.map(name => [`node_modules/${name}`, locked(name, '1.0.0', name === 'prebuilt' ? { hasInstallScript: true } : {})])),
      },
    }),
    'f.ts': "import { size } from 'picture'; import { version } from 'shared'; export const handler = async () => `${size()} ${version}`;",
    'g.ts': "import { version } from 'shared'; export const handler = async () => version;",
    'node_modules/picture/package.json': JSON.stringify(PACKAGES.find(({ manifest }) => manifest.name === 'picture')!.manifest),
    'node_modules/picture/index.js': 'exports.size = () => 1;',
    'node_modules/shared/index.js': "exports.version = '1';",
    'prebuilt.ts': "import { loaded } from 'prebuilt'; export const handler = async () => loaded;",
  });
  process.env.npm_config_cache = temporaryFolder();
});

afterAll(async () => {
  delete process.env.npm_config_cache;
  registry.stop();
  await environment.stop();
});

beforeEach(() => {
  process.env.CDK_TRACED_FUNCTION_CACHE = 'off';
});

const fn = (file: string, nodeModules: string[], options: NodejsBundlingOptions = {}, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps =>
  ({ entry: path.join(project, file), bundling: Bundling.nodejs({ nodeModules, environment: { REGISTRY_TOKEN: TOKEN }, ...options }), ...more });

const filesOf = (folder: string) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(folder, name)).isFile()).sort();

test('packages are installed at the versions of the lock file for the architecture of the function, once for all functions that need the same, and kept', async () => {
  process.env.CDK_TRACED_FUNCTION_CACHE = temporaryFolder();
  const functions = {
    One: fn('f.ts', ['picture']), Two: fn('f.ts', ['picture'], { minify: true }),
    Arm: fn('f.ts', ['picture'], {}, { architecture: lambda.Architecture.ARM_64 }), Prebuilt: fn('prebuilt.ts', ['prebuilt']),
  };
  registry.takeRequests();
  const packages = bundle(functions);
  const addons = (id: string) => filesOf(packages[id]).filter(name => name.endsWith('.node'));
  expect({ One: addons('One'), Two: addons('Two'), Arm: addons('Arm'), Prebuilt: addons('Prebuilt') }).toEqual({
    One: ['node_modules/@picture/linux-x64/picture.node'],
    Two: ['node_modules/@picture/linux-x64/picture.node'],
    Arm: ['node_modules/@picture/linux-arm64/picture.node'],
    Prebuilt: ['node_modules/prebuilt/prebuilds/linux-x64/a.node'], // its install script would have failed
  });
  expect(filesOf(path.join(packages.One, 'node_modules')).filter(name => /\.bin|\.package-lock|darwin/.test(name))).toEqual([]);
  const archives = registry.takeRequests().filter(name => name.endsWith('.tgz'));
  expect(archives.filter(name => name === 'picture-2.1.0.tgz')).toHaveLength(1);
  // The package of the application finds the version that the lock file gives each.
  const run = 'require(process.argv[1]).handler({}, {}).then(result => console.log(result))';
  expect((await environment.run([process.execPath, '-e', run, path.join(packages.One, 'index.js')], packages.One)).output).toBe('2 linux-x64 1');
  const again = bundle({ ...functions, One: fn('f.ts', ['picture'], { minify: false }) });
  expect([path.basename(again.Arm), registry.takeRequests()]).toEqual([path.basename(packages.Arm), []]);
});

test.each<[string, () => TracedFunctionProps, RegExp]>([
  ['a native addon that is bundled', () => fn('f.ts', []), /imports 'picture', which loads a native addon that cannot be bundled; set the bundling option nodeModules: \['picture'\].*or name it in 'externalModules'/],
  ['a package that the lock file does not have', () => fn('g.ts', ['pictures']), /nodeModules 'pictures' is not in the lock file '.*package-lock\.json'; install it in the project/],
  ['an addon for a newer Linux', () => fn('g.ts', ['too-new']), /'too-new\/build\/Release\/a\.node' of 'too-new' needs glibc 2\.39, and the runtime has 2\.34\. Take a version/],
  ['an addon for another Node.js', () => fn('g.ts', ['old-abi']), /'old-abi\/build\/Release\/a\.node' of 'old-abi' was made for Node\.js 20, and the runtime is Node\.js 24/],
  ['a package whose install script fails', () => fn('g.ts', ['unmade']), /the install script of 'unmade' failed\. Take a version of the package/],
  ['an addon for another architecture', () => fn('g.ts', ['intel-only'], {}, { architecture: lambda.Architecture.ARM_64 }), /'intel-only\/build\/Release\/a\.node' .* is for x86_64, and the function's architecture is arm64/],
])('%s is refused', (_, props, message) => {
  expect(bundlingError({ Function: props() })).toMatch(message);
});

test('a registry that refuses is named, and no token is', () => {
  const error = bundlingError({ Function: fn('g.ts', ['shared'], { environment: { REGISTRY_TOKEN: 'wrong-secret-token' } }) });
  expect(error).toMatch(/cannot install 'nodeModules' \(shared\) for .*401/s);
  expect(error).not.toContain('wrong-secret-token');
});
