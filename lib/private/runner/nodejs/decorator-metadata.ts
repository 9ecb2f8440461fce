import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import * as path from 'path';
import type { PluginBuild } from 'esbuild';
import { ancestors } from '../../files/ancestors';
import { NodejsJob } from '../../languages/nodejs-job';
import { runCommand } from '../run-command';
import { readTsconfig } from './tsconfig-paths';
import { BundlingError } from '../bundling-error';

/** Files with decorators as the project's TypeScript makes them. */
interface Compilation {
  /** JavaScript by the absolute path of its source. */
  readonly outputs: ReadonlyMap<string, string>;
  /** All that was read, but for installed packages, of which the compiler's own stands here. */
  readonly files: readonly string[];
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
const compilations = new Map<string, Promise<Compilation>>();
const configurations = new Map<string, string | undefined>();

/** Whether a function's TypeScript configuration asks for decorator metadata, which esbuild does not emit. */
export function asksForMetadata({ entry, tsconfig }: Pick<NodejsJob, 'entry' | 'tsconfig'>): boolean {
  return configurationWithMetadata(path.dirname(entry), tsconfig) !== undefined;
}

/** The same for a module of the function, which may be of another package of the workspace. */
export function moduleAsksForMetadata(job: NodejsJob, inputs: readonly string[]): boolean {
  return inputs.some(input => TYPESCRIPT.test(input) && !/[\\/]?node_modules[\\/]|^cdk-traced-/.test(input)
    && configurationWithMetadata(path.dirname(path.resolve(job.projectRoot, input)), job.tsconfig) !== undefined);
}

/** Compiles modules with decorators by the project's TypeScript: what stands in the metadata depends on types. */
export function emitDecoratorMetadata(build: PluginBuild, jobs: readonly NodejsJob[]): void {
  const [{ tsconfig, sourceMap }] = jobs;
  const entries = jobs.map(({ entry }) => entry).filter(entry => TYPESCRIPT.test(entry)).sort();
  build.onLoad({ filter: TYPESCRIPT, namespace: 'file' }, async args => {
    const configuration = configurationWithMetadata(path.dirname(args.path), tsconfig);
    if (configuration === undefined || /[\\/]node_modules[\\/]/.test(args.path) || !hasDecorators(await fs.promises.readFile(args.path, 'utf8'))) {
      return undefined;
    }
    const { outputs } = await compile(configuration, [...new Set([...entries, args.path])], sourceMap !== false, args.path);
    const contents = outputs.get(args.path);
    if (contents === undefined) {
      throw new BundlingError('TF316', `the project's TypeScript made nothing of '${args.path}'`);
    }
    return { contents, loader: args.path.endsWith('x') ? 'jsx' : 'js', resolveDir: path.dirname(args.path) };
  });
}

/** What decided what the compiler made for a function. */
export async function metadataInputs(job: NodejsJob, inputs: readonly string[]): Promise<string[]> {
  const files = inputs.filter(input => TYPESCRIPT.test(input)).map(input => path.resolve(job.projectRoot, input));
  const settled = await Promise.all([...compilations.values()].map(async compilation => compilation.catch(() => undefined)));
  return settled.flatMap(compilation => compilation && files.some(file => compilation.outputs.has(file)) ? compilation.files : []);
}

function hasDecorators(text: string): boolean {
  return /(?:^|[\s(,])@[\p{ID_Start}$_(]/mu.test(text);
}

/** @returns absolute path of the configuration for a folder, if it asks for metadata */
function configurationWithMetadata(folder: string, named: string | undefined): string | undefined {
  const key = named ?? folder;
  if (!configurations.has(key)) {
    const file = named ?? ancestors(folder).map(f => path.join(f, 'tsconfig.json')).find(f => fs.existsSync(f));
    configurations.set(key, file !== undefined && emitsMetadata(file, new Set()) ? file : undefined);
  }
  return configurations.get(key);
}

function emitsMetadata(file: string, visited: Set<string>): boolean {
  if (visited.has(file)) {
    return false;
  }
  visited.add(file);
  const configuration = readTsconfig(file);
  const own = configuration?.compilerOptions?.emitDecoratorMetadata;
  if (own !== undefined) {
    return own;
  }
  const bases = typeof configuration?.extends === 'string' ? [configuration.extends] : configuration?.extends ?? [];
  return bases.reverse().some(base => {
    const target = resolveBase(file, base);
    return target !== undefined && emitsMetadata(target, visited);
  });
}

function resolveBase(from: string, base: string): string | undefined {
  const folder = path.dirname(from);
  if (/^\.{0,2}[\\/]|^\.{1,2}$/.test(base)) {
    return [base, `${base}.json`, `${base}/tsconfig.json`].map(name => path.resolve(folder, name)).find(name => fs.statSync(name, { throwIfNoEntry: false })?.isFile());
  }
  for (const name of [base, `${base}.json`, `${base}/tsconfig.json`]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // the next form of the name
    }
  }
  return undefined; // tsc says so
}

async function compile(configuration: string, roots: string[], withMap: boolean, wanted: string): Promise<Compilation> {
  for (const [key, compilation] of compilations) {
    if (key.startsWith(`${configuration}\0${withMap}\0`) && (await compilation).outputs.has(wanted)) {
      return compilation;
    }
  }
  const key = `${configuration}\0${withMap}\0${roots.join('\0')}`;
  if (!compilations.has(key)) {
    compilations.set(key, runCompiler(configuration, roots, withMap));
  }
  return compilations.get(key)!;
}

async function runCompiler(configuration: string, roots: string[], withMap: boolean): Promise<Compilation> {
  const { manifest, compiler, version } = findTypeScript(configuration);
  const temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-tsc-')));
  try {
    const outDir = path.join(temporary, 'out');
    const hasPreserve = version[0] > 5 || (version[0] === 5 && version[1] >= 4);
    const hasNoCheck = version[0] > 5 || (version[0] === 5 && version[1] >= 6);
    const root = path.parse(roots[0]).root;
    const file = path.join(temporary, 'tsconfig.json');
    fs.writeFileSync(file, JSON.stringify({
      extends: configuration,
      files: roots,
      include: [],
      references: [],
      compilerOptions: {
        outDir, rootDir: root, noEmit: false, noEmitOnError: false, declaration: false, declarationMap: false, emitDeclarationOnly: false,
        composite: false, incremental: false,
        tsBuildInfoFile: null, importHelpers: false, isolatedModules: false, allowJs: false, checkJs: false, skipLibCheck: true, jsx: 'preserve', removeComments: false,
        sourceMap: false, inlineSourceMap: withMap, inlineSources: withMap, newLine: 'lf',
        module: hasPreserve ? 'preserve' : 'esnext', moduleResolution: hasPreserve ? 'bundler' : 'node',
        typeRoots: ancestors(path.dirname(configuration)).map(folder => path.join(folder, 'node_modules', '@types')),
        ...hasNoCheck ? { noCheck: true } : {},
      },
    }));
    // What it finds fault with is for whoever checks types; esbuild would not look either.
    const argv = [process.execPath, compiler, '--project', file, '--listFiles', '--pretty', 'false'];
    const output = await runCommand(argv, { cwd: path.dirname(configuration), acceptStatus: [1, 2] });
    const outputs = collectOutputs(outDir, root);
    if (outputs.size === 0) {
      throw new BundlingError('TF317', `the project's TypeScript ${version.join('.')} made nothing with '${configuration}', which asks for decorator metadata:\n${output.trim().slice(0, 2_000)}`);
    }
    const files = output.split(/\r?\n/).filter(line => path.isAbsolute(line) && !/[\\/]node_modules[\\/]/.test(line) && !line.startsWith(temporary));
    return { outputs, files: [...files, manifest] };
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

function findTypeScript(configuration: string): { manifest: string; compiler: string; version: number[] } {
  try {
    const manifest = createRequire(configuration).resolve('typescript/package.json');
    const { version, bin } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string; bin: { tsc: string } };
    return { manifest, compiler: path.resolve(path.dirname(manifest), bin.tsc), version: version.split('.').map(part => parseInt(part)) };
  } catch {
    throw new BundlingError('TF318', `'${configuration}' sets emitDecoratorMetadata, which only TypeScript itself emits, and it is not installed (looked for 'typescript' from there upwards); ` +
      "run 'npm install --save-dev typescript', or take emitDecoratorMetadata out");
  }
}

/** JavaScript by its source. */
function collectOutputs(outDir: string, root: string): Map<string, string> {
  const outputs = new Map<string, string>();
  for (const name of fs.existsSync(outDir) ? fs.readdirSync(outDir, { recursive: true, encoding: 'utf8' }) : []) {
    const [, base, kind, x] = /^(.*)\.([cm]?)js(x?)$/.exec(name) ?? [];
    if (base !== undefined) {
      const source = `${path.join(root, base)}.${kind}ts${x}`;
      outputs.set(source, withOwnSource(fs.readFileSync(path.join(outDir, name), 'utf8'), source));
    }
  }
  return outputs;
}

/** The compiler names a source relative to where its output was. */
function withOwnSource(text: string, source: string): string {
  return text.replace(/(\/\/# sourceMappingURL=data:application\/json;base64,)([\w+/=]+)\s*$/, (_, comment: string, map: string) => {
    const parsed = { ...JSON.parse(Buffer.from(map, 'base64').toString()) as object, sources: [path.basename(source)], sourceRoot: '' };
    return comment + Buffer.from(JSON.stringify(parsed)).toString('base64');
  });
}
