import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { AppModel } from './app-model';
import { AssemblyAssets } from './assembly-assets';
import { ReadError } from './read-error';
import { readYaml } from './read-yaml';
import { addResources, isSam } from './sam';
import { Dialect, isObject, objectOf, Place, Template, Value } from './template';

/** What is given to doctor is examined where it lies; what an app writes goes away again. */
export interface ReadAppResult {
  readonly app: AppModel;
  /** Removes what was written in order to read. */
  readonly close: () => void;
}

const SERVERLESS = 'cloudformation-template-update-stack.json';
/** In this order: what a person gives when they name a folder. */
const TEMPLATES = ['template.yaml', 'template.yml', 'template.json'];

/** Reads a cloud assembly, a template, or a folder that holds one. Throws a `ReadError` that says what was looked for. */
export function readApp(input: string): AppModel {
  const place = path.resolve(input);
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (!stat) throw new ReadError(`there is no '${input}'; run 'cdk synth' first, or give a folder, a template, or --app with the command that synthesizes`);
  return linked(stat.isDirectory() ? readFolder(place) : [readTemplate(place, {})]);
}

/** Runs an app as the CDK CLI does, and reads what it has synthesized. */
export function synthesizeApp(command: string, folder = process.cwd()): ReadAppResult {
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-doctor-'));
  const close = () => fs.rmSync(outdir, { recursive: true, force: true });
  try {
    const settings = fs.existsSync(path.join(folder, 'cdk.json')) ? JSON.parse(fs.readFileSync(path.join(folder, 'cdk.json'), 'utf8')) : {};
    const { status, signal, error } = spawnSync(command, {
      cwd: folder, shell: true, stdio: ['ignore', 2, 2],
      env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ ...objectOf(settings.context), 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true }) },
    });
    if (status !== 0) throw new ReadError(`'${command}' ended with ${error ? error.message : signal ?? `status ${status}`}; what it wrote stands above`);
    return { app: linked(readFolder(outdir)), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Templates that the CDK names, with their nested ones. */
export function modelOfTemplates(
  stacks: readonly { templatePath: string; stackConstructPath: string; account?: string; region?: string }[],
): AppModel {
  const isNested = (file: string) => file.endsWith('.nested.template.json');
  return linked(stacks.filter(({ templatePath }) => !isNested(templatePath)).flatMap(({ templatePath, stackConstructPath, account, region }) => {
    const place = { stackName: stackConstructPath.replace(/\//g, '-'), account, region };
    const template = readTemplate(templatePath, place, 'cdk');
    const nested = new Set(fs.readdirSync(path.dirname(templatePath)).filter(isNested));
    return [template, ...nestedOf(template, nested, place)];
  }));
}

function readFolder(folder: string): Template[] {
  if (fs.existsSync(path.join(folder, 'manifest.json'))) return readAssembly(folder);
  for (const candidate of [SERVERLESS, path.join('.serverless', SERVERLESS)]) {
    if (fs.existsSync(path.join(folder, candidate))) return [readTemplate(path.join(folder, candidate), {})];
  }
  const templates = fs.readdirSync(folder).filter(name => name.endsWith('.template.json')).sort();
  if (templates.length > 0) return templates.map(name => readTemplate(path.join(folder, name), {}));
  const template = TEMPLATES.find(name => fs.existsSync(path.join(folder, name)));
  if (template) return [readTemplate(path.join(folder, template), {})];
  throw new ReadError(`'${folder}' holds no templates: looked for manifest.json, *.template.json, ${TEMPLATES.join(', ')} and .serverless/${SERVERLESS}; ` +
    (fs.existsSync(path.join(folder, 'cdk.json')) ? "run 'cdk synth' and give its cdk.out" : fs.existsSync(path.join(folder, 'serverless.yml')) ? "run 'serverless package' first" : 'give another folder, or a template'));
}

/** A folder that the CDK has written, with the assemblies of its stages. */
function readAssembly(folder: string): Template[] {
  const { artifacts } = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as { artifacts?: Record<string, Value> };
  const found: Template[] = [];
  const nested = new Set(fs.readdirSync(folder).filter(name => name.endsWith('.nested.template.json')));
  for (const [id, artifact] of Object.entries(artifacts ?? {})) {
    const properties = objectOf(artifact.properties);
    if (artifact.type === 'cdk:cloud-assembly') found.push(...readAssembly(path.join(folder, properties.directoryName)));
    if (artifact.type !== 'aws:cloudformation:stack') continue;
    const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact.environment ?? '') ?? [];
    const place = { stackName: properties.stackName ?? id, account: known(account), region: known(region) };
    const template = readTemplate(path.join(folder, properties.templateFile), place, 'cdk');
    found.push(template, ...nestedOf(template, nested, place));
  }
  return found;
}

function nestedOf(parent: Template, files: ReadonlySet<string>, place: Place, assets = new AssemblyAssets()): Template[] {
  return parent.ofType('AWS::CloudFormation::Stack').flatMap(stack => {
    const asset = stack.metadata['aws:asset:path'];
    const hash = /[0-9a-f]{64}\.json/.exec(JSON.stringify(stack.properties.TemplateURL ?? ''))?.[0];
    const file = typeof asset === 'string' ? asset : hash && assets.find(path.dirname(parent.file), hash);
    const name = file && path.basename(file);
    if (!name || !files.has(name)) return [];
    const child = readTemplate(path.join(path.dirname(parent.file), name), { ...place, stackName: `${place.stackName}-${stack.id}` }, 'cdk');
    child.parent = stack;
    return [child, ...nestedOf(child, files, child.place, assets)];
  });
}

/** Nested stacks whose templates lie beside that of their parent. */
function linked(templates: Template[]): AppModel {
  const all = [...templates];
  for (const parent of all) {
    for (const stack of parent.ofType('AWS::CloudFormation::Stack')) {
      const url = stack.properties.TemplateURL;
      if (typeof url !== 'string' || /^https?:/.test(url) || all.some(template => template.parent === stack)) continue;
      const file = path.resolve(path.dirname(parent.file), url);
      if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) continue;
      const child = readTemplate(file, {});
      child.parent = stack;
      all.push(child);
    }
  }
  return new AppModel(all);
}

function known(place: string | undefined): string | undefined {
  return place === undefined || place.startsWith('unknown-') ? undefined : place;
}

/** @throws ReadError for what is no template */
export function readTemplate(file: string, place: Place, dialect?: Dialect): Template {
  return templateOf(fs.readFileSync(file, 'utf8'), file, place, dialect);
}

export function templateOf(source: string, file: string, place: Place = {}, dialect?: Dialect): Template {
  let body: unknown;
  if (/^\s*\{/.test(source)) {
    try {
      body = JSON.parse(source);
    } catch (error) {
      throw new ReadError(`${file} cannot be read as JSON: ${(error as Error).message}`);
    }
  } else {
    body = readYaml(source, file);
  }
  if (!isObject(body) || !isObject(body.Resources)) {
    const isServerless = isObject(body) && body.service !== undefined && body.provider !== undefined;
    throw new ReadError(`${file} is no CloudFormation template: it has no 'Resources'` + (isServerless ? "; it is one of the Serverless Framework's: run 'serverless package' and give the folder .serverless" : ''));
  }
  const template = new Template(file, source, body, dialect ?? dialectOf(body, file), place);
  addResources(template);
  return template;
}

function dialectOf(body: Record<string, Value>, file: string): Dialect {
  if (path.basename(file) === SERVERLESS || objectOf(body.Outputs).ServerlessDeploymentBucketName !== undefined) return 'serverless';
  if (Object.values(objectOf(body.Resources)).some(resource => objectOf(objectOf(resource).Metadata)['aws:cdk:path'] !== undefined)) return 'cdk';
  return isSam(body) ? 'sam' : 'cloudformation';
}
