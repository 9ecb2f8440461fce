import * as fs from 'fs';
import * as path from 'path';
import { JobInputs, JobResult, PythonJob } from '../bundling-job';
import { isLeftOut, normalizePythonPackage } from './normalize-package';
import { installRequirements, PythonTarget } from './python-installer';
import { PROJECT_FILES, PythonRequirements, readRequirements } from './python-requirements';
import { pythonRuntimeFile, XRAY_SDK_REQUIREMENTS } from './xray-sdk';

/** On Lambda already, with every Python runtime; together 35 MB. */
const IN_RUNTIME = ['boto3', 'botocore', 's3transfer'];

/** Fills the output folder with the sources, their requirements and the tracing SDK. */
export async function bundlePython(job: PythonJob): Promise<JobResult> {
  const { pythonVersion, architecture, outputDir: directory, installArgs } = job;
  const target: PythonTarget = { pythonVersion, architecture, directory, installArgs };
  const requirements = await readRequirements(job.sourceDir, job.outputDir);
  let tool = 'no installer needed';
  if (requirements.lines.length > 0) {
    tool = await installRequirements(requirements.lines, target, job.sourceDir);
    for (const name of IN_RUNTIME.filter(n => !requirements.direct.has(n))) {
      removeDistribution(job.outputDir, name);
    }
  }
  if (job.instrumentation === 'xray-sdk' && !job.sdkInLayer) {
    // Without dependencies: what the SDK names beside wrapt is botocore, which the runtime has.
    tool = await installRequirements(sdkRequirements(requirements.sdkLine, requirements.direct), { ...target, noDependencies: true }, job.sourceDir);
  }
  copySources(job.sourceDir, job.outputDir, job.exclude);
  if (job.instrumentation === 'xray-sdk') {
    const template = fs.readFileSync(pythonRuntimeFile('cdk_traced_function.py'), 'utf8');
    fs.writeFileSync(path.join(job.outputDir, 'cdk_traced_function.py'), template.replace('{{HANDLER}}', job.handler));
  }
  normalizePythonPackage(job.outputDir);
  verify(job);
  return { tool, inputs: pythonInputs(job, requirements) };
}

function sdkRequirements(usersLine: string | undefined, direct: ReadonlySet<string>): string[] {
  const [sdk, ...others] = XRAY_SDK_REQUIREMENTS;
  return [usersLine ?? sdk, ...others.filter(line => !direct.has(line.split('==')[0]))];
}

function copySources(from: string, to: string, exclude: string[]): void {
  fs.cpSync(from, to, { recursive: true, filter: source => isSource(from, source, exclude) });
}

function isSource(sourceDir: string, file: string, exclude: string[]): boolean {
  const relative = path.relative(sourceDir, file).split(path.sep).join('/');
  const name = path.basename(file);
  return relative === '' || !(isLeftOut(name) || exclude.includes(name) || exclude.includes(relative));
}

/** All sources, and what the requirements name: a requirement without a version is taken for the one that was installed first. */
function pythonInputs(job: PythonJob, requirements: PythonRequirements): JobInputs {
  const files = [...PROJECT_FILES.map(name => path.join(job.sourceDir, name)), ...requirements.files];
  const folders: string[] = [];
  const visit = (folder: string) => {
    folders.push(folder);
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (isSource(job.sourceDir, file, job.exclude)) {
        if (entry.isDirectory()) {
          visit(file);
        } else {
          files.push(file);
        }
      }
    }
  };
  visit(job.sourceDir);
  return { files, folders };
}

function removeDistribution(directory: string, name: string): void {
  for (const entry of fs.readdirSync(directory)) {
    if (entry === name || new RegExp(`^${name}-[^-]+\\.dist-info$`).test(entry)) {
      fs.rmSync(path.join(directory, entry), { recursive: true });
    }
  }
}

/** Lambda would say 'Runtime.ImportModuleError' at the first event; this says it now. */
function verify(job: PythonJob): void {
  const modulePath = job.handler.slice(0, job.handler.lastIndexOf('.')).replace(/\./g, '/');
  const needed: { module: string; files: string[] }[] = [{ module: modulePath, files: [`${modulePath}.py`, `${modulePath}/__init__.py`] }];
  if (job.instrumentation === 'xray-sdk' && !job.sdkInLayer) {
    needed.push({ module: 'aws_xray_sdk', files: ['aws_xray_sdk/core/__init__.py'] }, { module: 'wrapt', files: ['wrapt/__init__.py'] });
  }
  for (const { module, files } of needed) {
    if (!files.some(file => fs.existsSync(path.join(job.outputDir, file)))) {
      throw new Error(`the finished package of '${job.sourceDir}' has no module '${module}' (looked for ${files.join(', ')}); ` +
        `take it off 'exclude', or name it in the requirements of '${job.sourceDir}'`);
    }
  }
}
