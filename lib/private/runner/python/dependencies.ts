import * as fs from 'fs';
import * as path from 'path';
import { IndexConfiguration } from './index-configuration';
import { installRequirements, PythonTarget } from './installer';
import { PROJECT_FILES, PythonRequirements, readRequirements } from './requirements';
import { removeRuntimePackages } from './runtime-packages';
import { slimPackages, stripBinaries } from './slim';
import { copySources, listSources } from './sources';
import { installXRaySdk } from './xray-sdk';
import { InstrumentationKind, JobResult } from '../../bundling/bundling-job';
import { PythonDependencyLayerJob, PythonInstallation } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';

/** Modules that a traced function imports. */
export const XRAY_SDK_MODULES = [
  { module: 'aws_xray_sdk', files: ['aws_xray_sdk/core/__init__.py'] },
  { module: 'wrapt', files: ['wrapt/__init__.py'] },
];

/**
 * Installs what a project requires, and the tracing SDK, into the target's folder.
 *
 * @returns name and version of the installer
 */
export async function installDependencies(
  requirements: PythonRequirements, withSdk: boolean, target: PythonTarget, sourceDir: string,
): Promise<string> {
  let tool = 'no installer needed';
  const { lines, options, constraints, isLocked } = requirements;
  for (const part of isLocked ? hashedApart(lines) : [lines]) {
    if (part.length > 0) {
      tool = await installRequirements({ lines: [...options, ...part], constraints, noDependencies: isLocked }, target, sourceDir);
    }
  }
  removeRuntimePackages(target.directory, requirements.direct);
  if (withSdk) {
    tool = await installXRaySdk(requirements, target, sourceDir) ?? tool;
  }
  if (target.slim) {
    slimPackages(target.directory);
  }
  if (target.strip) {
    stripBinaries(target.directory, target.architecture);
  }
  return tool;
}

/** For pip a line with a hash allows no other without one, and a project in a folder or a repository has none. */
function hashedApart(lines: readonly string[]): string[][] {
  return [lines.filter(line => line.includes('--hash')), lines.filter(line => !line.includes('--hash'))];
}

/** Lays what a project requires into `python`, where Lambda's runtimes look for it. */
export async function bundlePythonDependencyLayer(job: PythonDependencyLayerJob): Promise<JobResult> {
  const { sourceDir, outputDir, workDir, installation, withSdk } = job;
  // Beside the layer and then moved into it: the installer leaves files beside its target.
  const directory = path.join(workDir, 'python');
  fs.mkdirSync(directory, { recursive: true });
  const requirements = withOwnSdk(await readRequirements(sourceDir, workDir, installation), job.instrumentation, sourceDir);
  const sources = job.sources && listSources({ sourceDir, assetDir: job.assetDir, ...job.sources });
  if (requirements.lines.length === 0 && !withSdk && !sources) {
    throw new BundlingError('TF405', `there is nothing for the layer of dependencies: '${sourceDir}' requires no package (looked in ${PROJECT_FILES.join(', ')}); ` +
      "name its packages there, or leave 'dependencies' out");
  }
  const tool = await installDependencies(requirements, withSdk, { ...installation, directory }, sourceDir);
  for (const { module, files: [file] } of withSdk ? XRAY_SDK_MODULES : []) {
    if (!fs.existsSync(path.join(directory, file))) {
      throw new BundlingError('TF406', `the finished layer of '${sourceDir}' has no module '${module}' (looked for ${file}); take what replaces it out of 'installArgs'`);
    }
  }
  if (sources) {
    copySources(sources, sourceDir, directory);
  }
  fs.renameSync(directory, path.join(outputDir, 'python'));
  const inputs = { files: [...requirementInputs(requirements, installation, sourceDir), ...sources?.files ?? []], folders: sources?.folders ?? [] };
  return { tool, warnings: sources?.warnings, inputs };
}

/** Absolute paths that decide what is installed. A requirement without a version is taken for the one that was installed first. */
export function requirementInputs(requirements: PythonRequirements, { environment }: PythonInstallation, sourceDir: string): string[] {
  const configuration = new IndexConfiguration(sourceDir, { ...process.env, ...environment });
  return [...PROJECT_FILES.map(name => path.join(sourceDir, name)), ...requirements.files, ...configuration.files];
}

/**
 * The requirements, where no SDK of ours goes by the project's own line for it.
 *
 * @throws where both would record the same calls
 */
export function withOwnSdk(requirements: PythonRequirements, instrumentation: InstrumentationKind, sourceDir: string): PythonRequirements {
  const { sdkLine, lines } = requirements;
  if (instrumentation === 'open-telemetry' && sdkLine !== undefined) {
    throw new BundlingError('TF407', `'${sourceDir}' requires the X-Ray SDK ('${sdkLine}'), and with Instrumentation.openTelemetry() both would record the same calls; ` +
      'take it out of the requirements and its calls out of the handler, or use Instrumentation.xraySdk()');
  }
  return instrumentation === 'none' && sdkLine !== undefined ? { ...requirements, lines: [...lines, sdkLine] } : requirements;
}
