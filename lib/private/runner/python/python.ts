import * as fs from 'fs';
import * as path from 'path';
import { copyCapture, copyUntracedApi } from './capture';
import { installDependencies, requirementInputs, withOwnSdk, XRAY_SDK_MODULES } from './dependencies';
import { installProject } from './own-project';
import { readRequirements } from './requirements';
import { copySources, listSources } from './sources';
import { InstrumentationKind, JobResult } from '../../bundling/bundling-job';
import { PythonJob } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';

/** Fills the output folder with the sources, and their requirements and the tracing SDK unless a layer has them. */
export async function bundlePython(job: PythonJob): Promise<JobResult> {
  const { outputDir: directory, installation, projectDir } = job;
  const sources = listSources(job);
  const warnings = [...sources.warnings];
  let tool = 'no installer needed';
  let requirementFiles: string[] = [];
  if (!job.dependenciesInLayer) {
    const requirements = withOwnSdk(await readRequirements(projectDir, job.workDir, installation), job.instrumentation, projectDir);
    tool = await installDependencies(requirements, needsSdk(job), { ...installation, directory }, projectDir);
    requirementFiles = requirementInputs(requirements, installation, projectDir);
  }
  warnings.push(...await installProject(job));
  copySources(sources, job.sourceDir, directory);
  if (job.instrumentation === 'none') {
    copyUntracedApi(sources.files, directory);
  } else {
    addEntry(job);
  }
  verify(job);
  const inputs = { files: [...requirementFiles, ...sources.files], folders: [projectDir, ...sources.folders] };
  return { tool, warnings, inputs };
}

/** Adds the package `cdk_traced_function`, which captures libraries and then imports the handler. */
function addEntry({ instrumentation, capture, handler, outputDir }: PythonJob): void {
  const target = path.join(outputDir, 'cdk_traced_function');
  fs.mkdirSync(target, { recursive: true });
  copyCapture(instrumentation as Exclude<InstrumentationKind, 'none'>, target, capture);
  const { clients, contextMissing, coldStart, messages, response, recording, sampling } = capture;
  fs.writeFileSync(path.join(target, 'settings.py'), [
    '"""What was chosen when the package was made."""',
    '',
    `HANDLER = ${JSON.stringify(handler)}`,
    `CLIENTS = ${tuple(clients)}`,
    `CONTEXT_MISSING = ${JSON.stringify(contextMissing)}`,
    `COLD_START = ${bool(coldStart)}`,
    `RESPONSE = ${bool(response)}`,
    `LOGS = ${bool(clients.includes('logs'))}`,
    `MESSAGES = ${messages ? JSON.stringify(messages.mode) : 'None'}`,
    `PAYLOADS = ${tuple(messages?.payloads ?? [])}`,
    `RATIO = ${sampling?.ratio ?? 'None'}`,
    `KEEPS = ${bool(sampling !== undefined && sampling.ratio === undefined)}`,
    `SLOWER_THAN = ${sampling?.slowerThan ?? 'None'}`,
    `S3_KEYS = ${bool(recording.s3Keys)}`,
    `URL_PATHS = ${bool(recording.urlPaths)}`,
    `EXCEPTION_MESSAGES = ${bool(recording.exceptionMessages)}`,
    `REDACT = ${tuple(recording.redact)}`,
    '',
  ].join('\n'));
}

/** Python reads a text of JSON as JavaScript does. */
function tuple(texts: readonly string[]): string {
  return `(${texts.map(text => `${JSON.stringify(text)}, `).join('')})`;
}

function bool(value: boolean): string {
  return value ? 'True' : 'False';
}

/** Whether the SDK belongs into the package. */
function needsSdk(job: PythonJob): boolean {
  return job.instrumentation === 'xray-sdk' && !job.sdkInLayer && !job.dependenciesInLayer;
}

/** Lambda would say 'Runtime.ImportModuleError' at the first event; this says it now. */
function verify(job: PythonJob): void {
  const modulePath = job.handler.slice(0, job.handler.lastIndexOf('.')).replace(/\./g, '/');
  const needed: { module: string; files: string[] }[] = [{ module: modulePath, files: [`${modulePath}.py`, `${modulePath}/__init__.py`] }];
  if (needsSdk(job)) {
    needed.push(...XRAY_SDK_MODULES);
  }
  for (const { module, files } of needed) {
    if (!files.some(file => fs.existsSync(path.join(job.outputDir, file)))) {
      throw new BundlingError('TF415', `the finished package of '${job.sourceDir}' has no module '${module}' (looked for ${files.join(', ')}); ` +
        `take it off 'exclude', or name it in the requirements of '${job.sourceDir}'`);
    }
  }
}
