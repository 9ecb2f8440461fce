import * as fs from 'fs';
import * as path from 'path';
import { GoFunction } from '@aws-cdk/aws-lambda-go-alpha';
import { PythonFunction } from '@aws-cdk/aws-lambda-python-alpha';
import { App, DockerImage, IPropertyInjector, PropertyInjectors, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BundlingOptions, NodejsFunction, OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs';
import { GO_ENTRY, NODEJS_ENTRY, projectFolder, PYTHON_ENTRY, testApp, WITHOUT_BUNDLING } from './test-app';
import { Instrumentation, TracedFunction, TracedFunctions, TracedFunctionsProps, TracingReportEntry } from '../lib';
import { translateNodejs } from '../lib/private/adoption/bundling-translation';

const depsLockFilePath = path.join(__dirname, '..', 'package-lock.json');
const nodejs = { entry: NODEJS_ENTRY, depsLockFilePath, runtime: lambda.Runtime.NODEJS_22_X };
const CAPTURE = '/opt/nodejs/cdk-traced-function/handler.handler';

interface Synthesized {
  readonly functions: Record<string, any>;
  readonly report: Record<string, TracingReportEntry>;
  readonly template: Template;
  /** Text of a function's package. */
  readonly code: (id: string) => string;
  /** Paths in a function's package. */
  readonly files: (id: string) => string[];
}

function finish(app: App, stack: Stack, traced: TracedFunctions): Synthesized {
  const template = Template.fromStack(stack);
  const functions = Object.fromEntries(Object.entries(template.findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => [id.replace(/[0-9A-F]{8}$/, ''), Properties]));
  const folderOf = (id: string) => path.join(app.outdir, `asset.${functions[id].Code.S3Key.replace('.zip', '')}`);
  const files = (id: string) => (fs.readdirSync(folderOf(id), { recursive: true }) as string[])
    .filter(name => fs.statSync(path.join(folderOf(id), name)).isFile()).sort();
  const code = (id: string) => {
    const folder = folderOf(id);
    return fs.readdirSync(folder).map(name => fs.readFileSync(path.join(folder, name), 'utf8')).join('\n');
  };
  return { template, functions, code, files, report: Object.fromEntries(traced.report.map(entry => [entry.path.replace('Stack/', ''), entry])) };
}

function synthesize(build: (stack: Stack) => void, options: TracedFunctionsProps = {}, context: object = WITHOUT_BUNDLING): Synthesized {
  const app = testApp(context as Record<string, any>);
  const traced = TracedFunctions.everywhere(app, options);
  const stack = new Stack(app, 'Stack');
  build(stack);
  return finish(app, stack, traced);
}

describe('with bundling', () => {
  let seen: Synthesized;

  beforeAll(() => {
    const files = {
      'package.json': '{"name":"project"}', 'package-lock.json': '{}',
      'uses-sdk.ts': "import { helper } from './helper.js'; export const handler = async () => helper();",
      'helper.ts': "import AWSXRay from 'aws-xray-sdk-core'; export const helper = () => typeof AWSXRay.getSegment;",
      'edge.js': 'exports.handler = async event => event.Records[0].cf.request;',
      'python/app.py': 'def handler(event, context): pass\n',
      'python/lib/docs/notes.txt': 'x',
      'python/tests/test_app.py': '',
    };
    const project = projectFolder(files);
    fs.symlinkSync(path.join(__dirname, '..', 'node_modules'), path.join(project, 'node_modules'));
    const own = { runtime: lambda.Runtime.NODEJS_22_X, projectRoot: project, depsLockFilePath: path.join(project, 'package-lock.json') };
    seen = synthesize(stack => {
      new NodejsFunction(stack, 'Plain', nodejs);
      new NodejsFunction(stack, 'Esm', { ...nodejs, bundling: { format: OutputFormat.ESM, minify: true, sourceMap: true, banner: '/* a banner */', bundleAwsSDK: true } });
      new NodejsFunction(stack, 'UsesSdk', { ...own, entry: path.join(project, 'uses-sdk.ts') });
      new NodejsFunction(stack, 'Untranslated', { ...nodejs, bundling: { sourceMap: true, sourceMapMode: SourceMapMode.INLINE, metafile: true, assetHash: 'mine' } });
      new PythonFunction(stack, 'Python', { entry: path.join(project, 'python'), index: 'app.py', runtime: lambda.Runtime.PYTHON_3_13, bundling: { assetExcludes: ['.vscode/', 'tests/', 'docs/notes.txt', '*.none'] } });
      const edge = new NodejsFunction(stack, 'Edge', { ...own, entry: path.join(project, 'edge.js'), awsSdkConnectionReuse: false });
      new cloudfront.Distribution(stack, 'Distribution', {
        defaultBehavior: {
          origin: new origins.HttpOrigin('example.com'), edgeLambdas: [{ functionVersion: edge.currentVersion, eventType: cloudfront.LambdaEdgeEventType.VIEWER_REQUEST }],
        },
      });
    }, {}, {});
  });

  test('a NodejsFunction becomes one of ours, with the AWS SDK of the runtime as before', () => {
    expect(seen.report.Plain).toEqual({
      path: 'Stack/Plain', level: 'rebundled', reason: 'made by NodejsFunction',
      changes: ['code: bundled with tracing', 'handler: index.handler', 'tracing mode: Active', 'role: AWSXRayDaemonWriteAccess'],
    });
    expect(seen.functions.Plain).toMatchObject({ Handler: 'index.handler', Runtime: 'nodejs22.x', TracingConfig: { Mode: 'Active' } });
    expect(seen.functions.Plain.Layers).toBeUndefined();
    expect(seen.code('Plain').includes('cdk-traced-function')).toBe(true);
    expect(/require\("@aws-sdk\/client-dynamodb"\)/.test(seen.code('Plain'))).toBe(true);
  });

  test('its bundling options are kept', () => {
    expect(seen.report.Esm.changes).toContain('variables: NODE_OPTIONS');
    expect(seen.functions.Esm.Environment.Variables).toEqual({ NODE_OPTIONS: '--enable-source-maps' });
    expect(seen.code('Esm').slice(0, 14)).toBe('/* a banner */');
    expect(/export ?\{/.test(seen.code('Esm'))).toBe(true);
    expect(/from ?"@aws-sdk\/client-dynamodb"/.test(seen.code('Esm'))).toBe(false);
  });

  test('code that uses the X-Ray SDK goes on to record with it', () => {
    expect(seen.report.UsesSdk).toMatchObject({ level: 'rebundled', reason: 'made by NodejsFunction; its code uses the X-Ray SDK, which goes on to record' });
    expect(seen.code('UsesSdk').includes('AWS_XRAY_CONTEXT_MISSING')).toBe(true);
  });

  test('an option without an equivalent is named, and the function gets the layer', () => {
    expect(seen.report.Untranslated).toMatchObject({
      level: 'layer', reason: "NodejsFunction has the bundling options 'metafile', 'assetHash', for which there is no equivalent",
    });
    expect(seen.functions.Untranslated.Handler).toBe(CAPTURE);
    expect(seen.code('Untranslated').includes('sourceMappingURL=data:')).toBe(true);
  });

  test('a PythonFunction leaves out what rsync would, and patterns may match nothing', () => {
    expect(seen.report.Python).toMatchObject({ level: 'rebundled' });
    expect(seen.files('Python').filter(name => !name.startsWith('cdk_traced_function'))).toEqual(['app.py']);
  });

  test('one of Lambda@Edge is what it was', () => {
    expect(seen.report.Edge).toMatchObject({ level: 'untraced', reason: expect.stringMatching(/^Lambda@Edge/), changes: [] });
    expect(seen.functions.Edge).toMatchObject({ Handler: 'index.handler' });
    expect(seen.functions.Edge.TracingConfig).toBeUndefined();
    expect(seen.code('Edge').includes('cdk-traced-function')).toBe(false);
  });
});

test('what cannot be bundled with tracing is bundled by CDK, and gets the layer', () => {
  const project = projectFolder({ 'package-lock.json': '{}', 'index.js': "exports.handler = async () => new (require('client').Client)();" });
  // A client of the AWS SDK without the base class that is captured.
  fs.mkdirSync(path.join(project, 'node_modules', '@aws-sdk', 'client-old'), { recursive: true });
  fs.writeFileSync(path.join(project, 'node_modules', '@aws-sdk', 'client-old', 'index.js'), 'exports.Client = class Client {};');
  fs.mkdirSync(path.join(project, 'node_modules', 'client'));
  fs.mkdirSync(path.join(project, 'node_modules', '.bin'));
  fs.symlinkSync(path.join(__dirname, '..', 'node_modules', 'esbuild', 'bin', 'esbuild'), path.join(project, 'node_modules', '.bin', 'esbuild'));
  fs.writeFileSync(path.join(project, 'node_modules', 'client', 'index.js'), "module.exports = require('@aws-sdk/client-old');");
  const own = { runtime: lambda.Runtime.NODEJS_22_X, projectRoot: project, depsLockFilePath: path.join(project, 'package-lock.json'), bundling: { bundleAwsSDK: true } };
  const { report, functions, code } = synthesize(stack => {
    new NodejsFunction(stack, 'Function', { ...own, entry: path.join(project, 'index.js') });
    new TracedFunction(stack, 'Other', { entry: NODEJS_ENTRY });
  }, {}, {});
  expect(report.Function).toMatchObject({ level: 'layer', reason: expect.stringMatching(/^it cannot be bundled with tracing: the AWS client .* has no base class/) });
  expect(functions.Function.Handler).toBe(CAPTURE);
  expect(code('Function')).not.toContain('cdk-traced-function');
});

describe('without bundling', () => {
  test('handlers, runtimes and architectures are kept', () => {
    const { functions } = synthesize(stack => {
      new NodejsFunction(stack, 'Named', { ...nodejs, handler: 'handler', architecture: lambda.Architecture.ARM_64 });
      new NodejsFunction(stack, 'Latest', { entry: NODEJS_ENTRY, depsLockFilePath, runtime: lambda.Runtime.NODEJS_LATEST });
      new GoFunction(stack, 'Go', { entry: GO_ENTRY, bundling: { goBuildFlags: ['-ldflags=-s'], goProxies: ['off'] } });
      new PythonFunction(stack, 'Python', { entry: PYTHON_ENTRY, runtime: lambda.Runtime.PYTHON_3_13, index: 'handler.py', handler: 'handler' });
    });
    expect(functions.Named).toMatchObject({ Handler: 'index.handler', Architectures: ['arm64'] });
    expect(functions.Go).toMatchObject({ Handler: 'bootstrap', TracingConfig: { Mode: 'Active' } });
    expect(functions.Python).toMatchObject({ Handler: 'cdk_traced_function.handler', Runtime: 'python3.13' });
  });

  test.each<[string, object, string | undefined]>([
    ['caches that are not there, folders', { assetExcludes: ['__pycache__/', '.vscode/', 'tests/', '*.md', 'docs/img', '/only/root', 'all/***', '#notes'] }, undefined],
    ['an index', { buildArgs: { PIP_EXTRA_INDEX_URL: 'https://index.example.com/simple', HTTPS_PROXY: 'http://proxy.example.com' }, environment: { UV_NO_CACHE: '1' } }, undefined],
    ['hashes', { poetryIncludeHashes: true }, undefined],
    ['what else the image gets', { buildArgs: { POETRY_VERSION: '1.8.0' } }, 'buildArgs'],
    ['a rule of rsync', { assetExcludes: ['+ keep'] }, 'assetExcludes'],
    ['volumes', { volumes: [] }, 'volumes'],
  ])('PythonFunction, with %s', (_, bundling, untranslated) => {
    const props = { entry: PYTHON_ENTRY, runtime: lambda.Runtime.PYTHON_3_13, index: 'handler.py', bundling };
    const { report } = synthesize(stack => new PythonFunction(stack, 'Python', props));
    expect(report.Python).toMatchObject(untranslated ? { level: 'layer', reason: expect.stringContaining(`'${untranslated}'`) } : { level: 'rebundled' });
  });

  test('PythonFunction and GoFunction start no Docker, and say which option needs it', () => {
    const { report } = synthesize(stack => {
      new PythonFunction(stack, 'Python', { entry: PYTHON_ENTRY, runtime: lambda.Runtime.PYTHON_3_13, index: 'handler.py', bundling: { assetExcludes: ['tests'] } });
      new GoFunction(stack, 'Go', { entry: GO_ENTRY });
      new GoFunction(stack, 'Hooks', { entry: GO_ENTRY, bundling: { commandHooks: { beforeBundling: () => [], afterBundling: () => [] } } });
    });
    expect(report.Python).toMatchObject({ level: 'rebundled', reason: 'made by PythonFunction' });
    expect(report.Go).toMatchObject({ level: 'rebundled', reason: 'made by GoFunction' });
    expect(report.Hooks).toMatchObject({ level: 'segments', reason: expect.stringContaining("GoFunction has the bundling option 'commandHooks'") });
  });

  test.each<[string, BundlingOptions]>([
    ['assetHash', { assetHash: 'mine' }],
    ['metafile', { metafile: true }],
    ['command', { command: ['sh'] }],
    ['forceDockerBundling', { forceDockerBundling: true, dockerImage: DockerImage.fromRegistry('with-tools') }],
  ])('a function with %s gets the layer', (name, bundling) => {
    const { report } = synthesize(stack => new NodejsFunction(stack, 'Function', { ...nodejs, bundling }));
    expect(report.Function).toMatchObject({ level: 'layer', reason: expect.stringContaining(`'${name}'`) });
  });

  test.each<[string, BundlingOptions]>([
    ['nothing', {}], ['what both have', { keepNames: true, footer: '// end', esbuildArgs: { '--log-limit': '1' }, mainFields: ['main'], target: 'es2022' }], ['false', { keepNames: false, metafile: false, forceDockerBundling: false }], ['Docker', { buildArgs: { A: 'b' }, esbuildVersion: '0.21.0', user: 'me' }],
  ])('options that say %s change nothing', (_, bundling) => {
    const { report } = synthesize(stack => new NodejsFunction(stack, 'Function', { ...nodejs, bundling }));
    expect(report.Function.level).toBe('rebundled');
  });

  describe('not one function of an app is bundled with tracing', () => {
    const warning = (stack: Stack) => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-traced-function:notRebundled')).map(({ entry: { data } }) => String(data));

    test('because the line came too late: a warning says so', () => {
      const app = testApp(WITHOUT_BUNDLING);
      const stack = new Stack(app, 'Stack');
      new NodejsFunction(stack, 'One', nodejs);
      new NodejsFunction(stack, 'Two', nodejs);
      TracedFunctions.everywhere(app);
      expect(warning(stack)).toEqual([expect.stringMatching(
        /bundles none of the 2 functions .*'Stack\/One' and 1 more: it was made before the call of .* Call TracedFunctions\.everywhere\(\) before the stacks are made\. .*'rebundle: false'/)]);
    });

    test.each<[string, (stack: Stack) => void, TracedFunctionsProps, number]>([
      ['with an option of theirs', stack => new NodejsFunction(stack, 'Function', { ...nodejs, bundling: { metafile: true } }), {}, 1],
      ['but one is', stack => {
        new NodejsFunction(stack, 'Function', nodejs);
        new NodejsFunction(stack, 'Other', { ...nodejs, bundling: { metafile: true } });
      }, {}, 0],
      ['as that is not wanted', stack => new NodejsFunction(stack, 'Function', nodejs), { rebundle: false }, 0],
      ['as none of them bundles itself', stack => new lambda.Function(stack, 'Function', { runtime: nodejs.runtime, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = 1') }), {}, 0],
    ])('%s', (_, build, options, warnings) => {
      const app = testApp(WITHOUT_BUNDLING);
      TracedFunctions.everywhere(app, options);
      const stack = new Stack(app, 'Stack');
      build(stack);
      expect(warning(stack)).toHaveLength(warnings);
    });

    test('in a stage', () => {
      const app = testApp(WITHOUT_BUNDLING);
      TracedFunctions.everywhere(app);
      new NodejsFunction(new Stack(app, 'Stack'), 'Function', nodejs);
      const stage = new Stage(app, 'Stage');
      new NodejsFunction(new Stack(stage, 'Stack'), 'Function', { ...nodejs, bundling: { metafile: true } });
      const messages = app.synth().getNestedAssembly('assembly-Stage').stacks[0].messages.map(({ entry: { data } }) => String(data));
      expect(messages).toEqual([expect.stringContaining('cdk-traced-function:notRebundled')]);
    });
  });

  test.each([
    ['@aws-lambda-powertools/*', 'layer'], ['aws-xray-sdk*', 'layer'], ['sharp', 'rebundled'],
  ])('an X-Ray SDK from a layer (%s) is not joined by another one', (external, level) => {
    const project = projectFolder({
      'package-lock.json': '{}', 'index.ts': "import { Tracer } from '@aws-lambda-powertools/tracer'; export const handler = async () => new Tracer();",
    });
    const { report } = synthesize(stack => new NodejsFunction(stack, 'Function', {
      runtime: nodejs.runtime, entry: path.join(project, 'index.ts'), projectRoot: project, depsLockFilePath: path.join(project, 'package-lock.json'),
      bundling: { externalModules: [external] },
    }));
    expect(report.Function.level).toBe(level);
    expect(report.Function.reason).toMatch(level === 'layer' ? /takes the X-Ray SDK from a layer/ : /its code uses the X-Ray SDK/);
  });

  test.each<[object, string[]]>([
    [{ forceDockerBundling: true, nodeModules: ['sharp'] }, []], // NodejsFunction has built its image by then
    [{ forceDockerBundling: true, dockerImage: {} }, ['forceDockerBundling']],
    [{ forceDockerBundling: true, commandHooks: {} }, ['forceDockerBundling']],
  ])('Docker that is forced: %j', (bundling, untranslated) => {
    expect(translateNodejs(bundling).untranslated).toEqual(untranslated);
  });

  test('a handler that lies elsewhere, code of its own and an exec wrapper keep a function as it is', () => {
    const { report } = synthesize(stack => {
      new NodejsFunction(stack, 'Elsewhere', { ...nodejs, handler: '/opt/vendor/handler.handler' });
      new NodejsFunction(stack, 'OwnCode', { runtime: nodejs.runtime, code: lambda.Code.fromInline('exports.handler = 1'), handler: 'index.handler' });
      new NodejsFunction(stack, 'Wrapped', { ...nodejs, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrapper' } });
      new NodejsFunction(stack, 'Disabled', { ...nodejs, tracing: lambda.Tracing.DISABLED });
    });
    expect(Object.values(report).map(({ path: name, level }) => [name, level])).toEqual([
      ['Stack/Disabled', 'untraced'], ['Stack/Elsewhere', 'layer'], ['Stack/OwnCode', 'layer'], ['Stack/Wrapped', 'segments'],
    ]);
    expect(report.Elsewhere.reason).toContain("its handler '/opt/vendor/handler.handler' is not in what is bundled");
  });

  test('rebundle: false, and an exclusion, leave CDK its bundling', () => {
    const off = synthesize(stack => new NodejsFunction(stack, 'Function', nodejs), { rebundle: false });
    expect(off.report.Function).toMatchObject({ level: 'layer' });
    const excluded = synthesize(stack => new NodejsFunction(stack, 'Function', nodejs), { exclude: ['Stack/Function'] });
    expect(excluded.report.Function).toMatchObject({ level: 'untraced' });
    expect(excluded.functions.Function).toMatchObject({ Handler: 'index.handler' });
  });

  test('a function that was made before the line gets the layer, and the report says so', () => {
    const app = testApp(WITHOUT_BUNDLING);
    const stack = new Stack(app, 'Stack');
    new NodejsFunction(stack, 'Early', nodejs);
    const { report } = finish(app, stack, TracedFunctions.everywhere(app));
    expect(report.Early).toMatchObject({ level: 'layer', reason: 'it was made before the call of TracedFunctions.everywhere()' });
  });

  describe('an injector of the app\'s own', () => {
    const memory: IPropertyInjector = {
      constructUniqueId: lambda.Function.PROPERTY_INJECTION_ID, inject: props => ({ memorySize: 1_769, ...props }),
    };

    test.each<[string, (app: App) => Stack]>([
      ['on the app, before the line', app => {
        PropertyInjectors.of(app).add(memory);
        TracedFunctions.everywhere(app);
        return new Stack(app, 'Stack');
      }],
      ['on the app, after the line', app => {
        TracedFunctions.everywhere(app);
        PropertyInjectors.of(app).add(memory);
        return new Stack(app, 'Stack');
      }],
      ['on the stack', app => {
        TracedFunctions.everywhere(app);
        return new Stack(app, 'Stack', { propertyInjectors: [memory] });
      }],
    ])('%s works beside ours', (_, setUp) => {
      const app = testApp(WITHOUT_BUNDLING);
      const stack = setUp(app);
      new NodejsFunction(stack, 'Function', nodejs);
      const { functions } = finish(app, stack, TracedFunctions.everywhere(new App()));
      expect(functions.Function).toMatchObject({ MemorySize: 1_769, TracingConfig: { Mode: 'Active' }, Handler: 'index.handler' });
      expect(functions.Function.Layers).toBeUndefined();
    });

    test('is alone where the line does not reach', () => {
      TracedFunctions.everywhere(testApp(WITHOUT_BUNDLING));
      const stack = new Stack(testApp(WITHOUT_BUNDLING), 'Stack', { propertyInjectors: [memory] });
      new lambda.Function(stack, 'Function', { runtime: nodejs.runtime, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = 1') });
      const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
      expect([Properties.MemorySize, Properties.TracingConfig]).toEqual([1_769, undefined]);
    });
  });

  test('an instrumentation is for functions in all languages; what it cannot do in one is told', () => {
    const { report } = synthesize(stack => {
      new NodejsFunction(stack, 'Node', nodejs);
      new GoFunction(stack, 'Go', { entry: GO_ENTRY });
    }, { instrumentation: Instrumentation.xraySdk({ captureFetch: false }) });
    expect(report.Node.reason).toBe('made by NodejsFunction');
    expect(report.Go.reason).toBe("made by GoFunction; 'captureFetch' of the instrumentation has no effect in Go");
  });
});
