import * as fs from 'fs';
import * as path from 'path';
import { installRequirements, PythonTarget } from './installer';
import { PROJECT_FILES, PythonRequirements, readRequirements } from './requirements';
import { removeRuntimePackages } from './runtime-packages';
import { InstrumentationKind, JobResult } from '../../bundling/bundling-job';
import { PythonDependencyLayerJob } from '../../languages/python-job';

/**
 * Versions of the SDK for Python that the construct supplies when a function's own requirements name none.
 * wrapt is what the SDK needs beside botocore; 1.17 also has a wheel in pure Python, which the layer uses.
 */
export const XRAY_SDK_REQUIREMENTS = ['aws-xray-sdk==2.15.0', 'wrapt==1.17.3'];

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
  if (requirements.lines.length > 0) {
    tool = await installRequirements([...requirements.options, ...requirements.lines], target, sourceDir);
    removeRuntimePackages(target.directory, requirements.direct);
  }
  if (withSdk) {
    for (const lines of sdkRequirements(requirements, target.directory)) {
      // Without dependencies: what the SDK names beside wrapt is botocore, which the runtime has.
      tool = await installRequirements(lines, { ...target, noDependencies: true }, sourceDir);
    }
  }
  return tool;
}

/** Lays what a function requires into `python`, where Lambda's runtimes look for it. */
export async function bundlePythonDependencyLayer(job: PythonDependencyLayerJob): Promise<JobResult> {
  const { sourceDir, outputDir, workDir, pythonVersion, architecture, installArgs, withSdk } = job;
  // Beside the layer and then moved into it: the installer leaves files beside its target.
  const directory = path.join(workDir, 'python');
  fs.mkdirSync(directory, { recursive: true });
  const requirements = withOwnSdk(await readRequirements(sourceDir, workDir, pythonVersion), job.instrumentation, sourceDir);
  if (requirements.lines.length === 0 && !withSdk) {
    throw new Error(`there is nothing for the layer of dependencies: '${sourceDir}' requires no package (looked in ${PROJECT_FILES.join(', ')}); ` +
      "name its packages there, or leave 'dependencies' out");
  }
  const tool = await installDependencies(requirements, withSdk, { pythonVersion, architecture, installArgs, directory }, sourceDir);
  for (const { module, files: [file] } of withSdk ? XRAY_SDK_MODULES : []) {
    if (!fs.existsSync(path.join(directory, file))) {
      throw new Error(`the finished layer of '${sourceDir}' has no module '${module}' (looked for ${file}); take what replaces it out of 'installArgs'`);
    }
  }
  fs.renameSync(directory, path.join(outputDir, 'python'));
  return { tool, inputs: { files: [...PROJECT_FILES.map(name => path.join(sourceDir, name)), ...requirements.files], folders: [] } };
}

/**
 * The requirements, where no SDK of ours goes by the project's own line for it.
 *
 * @throws where both would record the same calls
 */
export function withOwnSdk(requirements: PythonRequirements, instrumentation: InstrumentationKind, sourceDir: string): PythonRequirements {
  const { sdkLine, lines } = requirements;
  if (instrumentation === 'open-telemetry' && sdkLine !== undefined) {
    throw new Error(`'${sourceDir}' requires the X-Ray SDK ('${sdkLine}'), and with Instrumentation.openTelemetry() both would record the same calls; ` +
      'take it out of the requirements and its calls out of the handler, or use Instrumentation.xraySdk()');
  }
  return instrumentation === 'none' && sdkLine !== undefined ? { ...requirements, lines: [...lines, sdkLine] } : requirements;
}

/** What is to be installed in one go, each: a line with a hash allows no other without one. */
function sdkRequirements({ sdkLine, options }: PythonRequirements, directory: string): string[][] {
  const [sdk, ...others] = XRAY_SDK_REQUIREMENTS;
  // What another requirement has brought is what that one needs.
  const missing = others.filter(line => !fs.existsSync(path.join(directory, line.split('==')[0])));
  // Hashes that the project demands are those of its own lines.
  const ours = options.filter(option => option !== '--require-hashes');
  return sdkLine?.includes('--hash') ? [[...options, sdkLine], ...missing.length > 0 ? [[...ours, ...missing]] : []] : [[...ours, sdkLine ?? sdk, ...missing]];
}
