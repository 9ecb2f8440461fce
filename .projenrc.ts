import { awscdk, javascript, JsonFile, TextFile } from 'projen';
import { NpmConfig } from 'projen/lib/javascript';

/** Each is a folder of `lib/private/runner`. */
const LANGUAGES = ['nodejs', 'python', 'go', 'java'];
/** What the runners of all languages share. */
const COMMON_RUNNER_FILES = ['bundling-error', 'credentials', 'language-runner', 'license-texts', 'progress-line', 'run-command', 'runtime-files', 'tool'];

// The only hand-edited configuration of the package. Every override says why.
const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-traced-function',
  description: 'Lambda functions that are traced by AWS X-Ray, provably so: Node.js, Python, Go and Java, without Docker',
  author: 'The cdk-traced-function authors',
  authorAddress: 'cdk-traced-function@users.noreply.github.com',
  repositoryUrl: 'https://github.com/cdk-traced-function/cdk-traced-function.git',
  license: 'Apache-2.0',
  keywords: ['aws', 'aws-cdk', 'cdk', 'lambda', 'x-ray', 'tracing', 'opentelemetry'],
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,
  // The npm lock file is the pin of every tool, so projen must not float them.
  depsUpgrade: false,
  github: false,
  release: false,
  buildWorkflow: false,

  // The oldest that has all default runtimes, and mixins in constructs; `npm test -- versions` compiles and runs against it.
  cdkVersion: '2.226.0',
  constructsVersion: '10.5.0',
  peerDependencyOptions: { pinnedDevDependency: false },
  jsiiVersion: '~6.0.0',
  minNodeVersion: '20.16.0',

  stability: 'experimental', // until 1.0
  publishToPypi: { distName: 'cdk-traced-function', module: 'cdk_traced_function' },
  publishToMaven: { mavenGroupId: 'io.github.cdk-traced-function', mavenArtifactId: 'cdk-traced-function', javaPackage: 'io.github.cdktracedfunction' },
  publishToGo: { moduleName: 'github.com/cdk-traced-function/cdk-traced-function-go', packageName: 'cdktracedfunction' },
  publishToNuget: { packageId: 'CdkTracedFunction', dotNetNamespace: 'CdkTracedFunction' },

  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/index.js',
  entrypointTypes: 'build/index.d.ts',
  // Handlers live in lambda/, never under lib/: projen must not turn a file name into a construct.
  lambdaAutoDiscover: false,
  edgeLambdaAutoDiscover: false,
  singletonLambdaAutoDiscover: false,
  lambdaExtensionAutoDiscover: false,
  integrationTestAutoDiscover: false,
  sampleCode: false,
  npmignoreEnabled: false, // 'files' below says what is published

  // jest runs on swc: ts-jest type-checks every file again, which `tsc --noEmit` and jsii do already.
  jest: false,
  eslint: true,
  eslintOptions: { dirs: ['lib'], devdirs: ['test', 'bin', 'lambda', 'local'], prettier: false },

  devDeps: [
    'aws-cdk-lib@2.276.0',
    // What these are needed for is published with this package, without their types (scripts/ship-packages.mjs): jsii users of other languages have no npm.
    // The first two go into functions whose project has no copy of its own. fflate reads and writes jars: two machines have to write the same bytes, which the
    // JDK's own tool does not. ignore, smol-toml and @renovatebot/pep440 read patterns, pyproject.toml and Python's versions.
    // cross-spawn starts what is a `.cmd` file on Windows.
    '@opentelemetry/api@1.9.1', 'aws-xray-sdk-core@3.12.0', '@renovatebot/pep440@4.2.4', 'cross-spawn@7.0.6', 'fflate@0.8.3', 'ignore@5.3.2', 'smol-toml@1.9.1',
    // Whose options MIGRATION.md has a row for, which a test holds it to.
    '@aws-cdk/aws-lambda-go-alpha@2.258.0-alpha.0',
    '@aws-cdk/aws-lambda-python-alpha@2.269.0-alpha.0',
    '@aws-sdk/client-dynamodb',
    // The oldest layout of the AWS SDK's base class that is tested.
    'aws-sdk-client-dynamodb-3.567@npm:@aws-sdk/client-dynamodb@3.567.0',
    '@aws-sdk/client-lambda',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-sns',
    '@aws-sdk/client-sqs',
    '@aws-sdk/lib-dynamodb',
    '@aws-sdk/util-dynamodb',
    // Random first names of the sample scorekeep.
    'chance',
    '@types/chance',
    '@opentelemetry/otlp-transformer@0.215.0',
    'mysql2',
    'pg',
    '@swc/core@1.16.18',
    '@swc/jest',
    '@types/aws-lambda',
    '@types/jest',
    // CDK CLI 3.x cannot read the assemblies of aws-cdk-lib 2.276.
    'aws-cdk@^2.1148.1',
    'cdk-nag',
    // Holds the schema of SARIF.
    '@microsoft/jest-sarif',
    'jest@^30',
    // The documentation as a site: Markdown, and a search that runs in the browser.
    'marked@^16.4.0',
    'minisearch@^7.2.0',
    'oxlint@1.94.0',
    'tsx',
  ],
});

project.addDevDeps('constructs@10.5.1'); // as an option it would give way to the peer dependency

// npm users get esbuild with the package; jsii refuses it as a plain dependency. See ARCHITECTURE.md, "Tools".
project.package.addField('optionalDependencies', { esbuild: '0.28.2' });
project.package.addField('workspaces', ['local']);
project.package.addField('bin', { 'cdk-traced': 'build/private/cli/main.js' });
// Newer versions were published for some platforms only; npm ci refuses a lock file in which a platform is missing.
project.package.addField('overrides', { '@swc/core': '1.16.18', 'rollup': '4.67.4', 'unrs-resolver': '1.12.2' });
project.package.addField('files', ['build', '!build/private/runner/**/*.d.ts', 'runtime', '.jsii', 'API.md', 'LICENSE', 'NOTICE', 'README.md', 'THIRD-PARTY-LICENSES']);
// `cdk-traced-function/runtime` is for handlers: outside of a function's package it records nothing.
project.package.addField('exports', {
  '.': { types: './build/index.d.ts', default: './build/index.js' },
  './runtime': { types: './runtime/index.d.ts', import: './runtime/nodejs/api/untraced.mjs', default: './runtime/nodejs/api/untraced.cjs' },
  './*': './*',
});
project.setScript('prepack', 'node scripts/ship-packages.mjs');

// `npm start` and `npm test` must work on a fresh clone, before anything is installed: plain Node scripts.
project.setScript('start', 'node scripts/start.mjs');
project.setScript('test', 'node scripts/test.mjs');
project.setScript('bench', 'node bench/run.mjs');
project.setScript('traffic', 'node scripts/traffic.mjs');
project.setScript('parity', 'node scripts/parity.mjs');
project.setScript('docs', 'node scripts/docs.mjs');
project.setScript('pictures', 'node --import tsx scripts/pictures.ts');
project.addTask('lint', {
  description: 'ESLint over everything, without fixing',
  env: { ESLINT_USE_FLAT_CONFIG: 'false', NODE_NO_WARNINGS: '1' },
  exec: 'oxlint lib bin test local lambda && eslint --cache --cache-strategy content --cache-location .local/lint/ --ext .ts,.tsx lib bin test local lambda --ignore-pattern node_modules --ignore-pattern dist',
});

// ESLint's own rule overlooks circles of types, and takes 29 s for what takes oxlint one.
new JsonFile(project, '.oxlintrc.json', {
  marker: false, // oxlint refuses fields that it does not know
  obj: { plugins: ['import'], categories: { correctness: 'off' }, rules: { 'import/no-cycle': ['error', { ignoreTypes: false, ignoreExternal: true }] } },
});

// Half of the package would be maps of its own sources, which nobody steps through.
for (const option of ['inlineSourceMap', 'inlineSources']) project.tsconfig?.file.addOverride(`compilerOptions.${option}`, false);

new JsonFile(project, 'cdk.json', {
  obj: {
    app: 'node --import tsx bin/sample.ts',
    context: {
      ...awscdk.CdkFeatureFlagsV2.ALL.flags,
      // Newer than projen's table.
      '@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard': true,
      '@aws-cdk/aws-cloudfront:defaultViewerProtocolPolicyRedirectToHttps': true,
    },
  },
});

project.eslint?.addRules({
  'no-bitwise': 'off', // file modes are bit fields
  // esbuild is an optional dependency, which projen's own rule does not know of.
  'import/no-extraneous-dependencies': ['error', {
    devDependencies: ['**/test/**', '**/bin/**', '**/lambda/**', '**/local/**', '.projenrc.ts', 'projenrc/**/*.ts'],
    optionalDependencies: true,
    peerDependencies: true,
  }],
  '@stylistic/object-property-newline': 'off', // a table of options reads better as rows
  // The walls of ARCHITECTURE.md, "Folders".
  'import/no-restricted-paths': ['error', {
    zones: [
      ...LANGUAGES.map(language => ({
        target: `./lib/private/runner/${language}`,
        from: './lib/private/runner',
        except: [`./${language}`, ...COMMON_RUNNER_FILES.map(name => `./${name}.ts`)],
        message: 'One language imports nothing of another.',
      })),
      {
        target: './lib/private/runner',
        from: './lib',
        except: ['./private/runner', './private/bundling/bundling-job.ts', './private/cache/user-cache.ts', './private/cache/installations.ts', './private/files', ...LANGUAGES.map(l => `./private/languages/${l}-job.ts`)],
        message: 'The runner is a process of its own: of what runs at synth it knows the data of a job, the cache of the user, and files.',
      },
      {
        target: ['./lib/*.ts', './lib/private/*.ts', './lib/private/bundling', './lib/private/cache', './lib/private/files', './lib/private/languages'],
        from: './lib/private/runner',
        message: 'What runs at synth loads nothing of the runner, which is a process of its own.',
      },
      {
        target: ['./lib/private/doctor', './lib/private/cli'],
        from: './lib',
        except: ['./private/doctor', './private/cli', './private/files', './private/adot-layer-versions.ts'],
        message: 'Doctor reads templates; it loads neither constructs nor aws-cdk-lib.',
      },
      {
        target: './local/src/xray',
        from: './local/src',
        except: ['./xray'],
        message: 'The local X-Ray can be used alone: it imports nothing of the launcher.',
      },
    ],
  }],
});

/** What was checked before is not checked again, and declarations of dependencies not at all: jsii does it for what is published. */
function quickTypes(name: string) {
  return { skipLibCheck: true, incremental: true, tsBuildInfoFile: `../.local/types/${name}.tsbuildinfo` };
}

for (const [option, value] of Object.entries(quickTypes('test'))) {
  project.tsconfigDev.file.addOverride(`compilerOptions.${option}`, value);
}

// Apps of other people's kinds: they use the root project's CDK.
project.eslint?.addOverride({ files: ['local/corpus/**/*.ts', 'local/test/adoption/**/*.ts', 'local/test/doctor/**/*.ts'], rules: { 'import/no-extraneous-dependencies': 'off' } });

// ESLint and editors take the nearest tsconfig.json, and the root's is jsii's, for lib alone.
for (const folder of ['bin', 'lambda']) {
  new JsonFile(project, `${folder}/tsconfig.json`, {
    obj: {
      extends: '../tsconfig.json',
      compilerOptions: { noEmit: true, rootDir: '..', ...quickTypes(folder) },
      include: ['**/*.ts'],
    },
  });
}

new TextFile(project, '.editorconfig', {
  lines: [
    'root = true', '',
    '[*]', 'charset = utf-8', 'end_of_line = lf', 'indent_style = space', 'indent_size = 2', 'insert_final_newline = true', 'trim_trailing_whitespace = true', 'max_line_length = 160', '',
    '[*.{py,java,gradle}]', 'indent_size = 4', '',
    '[{*.go,*.go.txt,go.mod}]', 'indent_style = tab',
  ],
});

const npmrc = new NpmConfig(project);
// The lock file must not carry the address of the registry that happened to be used.
npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
npmrc.addConfig('fund', 'false');
npmrc.addConfig('audit', 'false');

project.addGitIgnore('/cdk.out/');
project.addGitIgnore('/local/dist/');
project.addGitIgnore('/local/LICENSE');
project.addGitIgnore('/site/');
project.addGitIgnore('/.local/');
project.addGitIgnore('/.venv/');
project.addGitIgnore('/lambda/**/target/');
project.addGitIgnore('__pycache__/');
project.addGitIgnore('.pytest_cache/');
project.addGitIgnore('!/.npmrc');

project.synth();
