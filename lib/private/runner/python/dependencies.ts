import * as fs from 'fs';
import * as path from 'path';
import { installRequirements, PythonTarget } from './installer';
import { PROJECT_FILES, PythonRequirements, readRequirements } from './requirements';
import { removeRuntimePackages } from './runtime-packages';
import { InstrumentationKind, JobResult } from '../../bundling/bundling-job';
import { PythonDependencyLayerJob } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';

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
    checkSdkVersion(target);
    const missing = missingSdkDependencies(target.directory);
    if (missing.length > 0) { // of an older version
      await installRequirements([...withoutHashes(requirements.options), ...missing], { ...target, noDependencies: true }, sourceDir);
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
    throw new BundlingError('TF405', `there is nothing for the layer of dependencies: '${sourceDir}' requires no package (looked in ${PROJECT_FILES.join(', ')}); ` +
      "name its packages there, or leave 'dependencies' out");
  }
  const tool = await installDependencies(requirements, withSdk, { pythonVersion, architecture, installArgs, directory }, sourceDir);
  for (const { module, files: [file] } of withSdk ? XRAY_SDK_MODULES : []) {
    if (!fs.existsSync(path.join(directory, file))) {
      throw new BundlingError('TF406', `the finished layer of '${sourceDir}' has no module '${module}' (looked for ${file}); take what replaces it out of 'installArgs'`);
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
    throw new BundlingError('TF407', `'${sourceDir}' requires the X-Ray SDK ('${sdkLine}'), and with Instrumentation.openTelemetry() both would record the same calls; ` +
      'take it out of the requirements and its calls out of the handler, or use Instrumentation.xraySdk()');
  }
  return instrumentation === 'none' && sdkLine !== undefined ? { ...requirements, lines: [...lines, sdkLine] } : requirements;
}

/** What is to be installed in one go, each: a line with a hash allows no other without one. */
function sdkRequirements({ sdkLine, options }: PythonRequirements, directory: string): string[][] {
  const constrained = constrainedNames(options);
  const [sdk, ...others] = XRAY_SDK_REQUIREMENTS.map(line => constrained.has(line.split('==')[0]) ? line.split('==')[0] : line);
  // What another requirement has brought is what that one needs.
  const missing = others.filter(line => !fs.existsSync(path.join(directory, line.split('==')[0])));
  const ours = withoutHashes(options);
  return sdkLine?.includes('--hash') ? [[...options, sdkLine], ...missing.length > 0 ? [[...ours, ...missing]] : []] : [[...ours, sdkLine ?? sdk, ...missing]];
}

/** Hashes that the project demands are those of its own lines. */
function withoutHashes(options: string[]): string[] {
  return options.filter(option => option !== '--require-hashes');
}

/** Names that a constraints file of the project, or of the installer's environment, gives a version to: that version wins over ours. */
function constrainedNames(options: string[]): Set<string> {
  const files = [
    ...options.flatMap(option => /^(?:-c|--constraint)[ =]"?([^"]+?)"?$/.exec(option)?.[1] ?? []),
    ...[process.env.PIP_CONSTRAINT, process.env.UV_CONSTRAINT].flatMap(value => value?.split(/\s+/) ?? []),
  ];
  const text = files.filter(file => fs.existsSync(file)).map(file => fs.readFileSync(file, 'utf8')).join('\n');
  return new Set([...text.matchAll(/^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:[=<>~!;@[]|$)/gm)].map(([, name]) => name.replace(/[-_.]+/g, '-').toLowerCase()));
}

/**
 * Lowest versions of the SDK that can be imported, and have what handlers and the capture use, with the oldest version of Python that each is for:
 * older ones import `distutils` or `pkg_resources`, which Python 3.12 has not.
 */
const LOWEST_SDK: readonly [python: number, sdk: string][] = [[12, '2.10.0'], [0, '2.2.0']];

/** @throws for a version that the project requires, and that cannot work */
function checkSdkVersion({ directory, pythonVersion }: PythonTarget): void {
  const installed = fs.readdirSync(directory).map(name => /^aws_xray_sdk-(.+)\.dist-info$/.exec(name)?.[1]).find(version => version !== undefined);
  const [, lowest] = LOWEST_SDK.find(([python]) => Number(pythonVersion.split('.')[1]) >= python)!;
  if (installed !== undefined && compareVersions(installed, lowest) < 0) {
    throw new BundlingError('TF408', `the requirements pin aws-xray-sdk ${installed}, which cannot work with Python ${pythonVersion}; the lowest version that does is ${lowest}: ` +
      `write 'aws-xray-sdk>=${lowest}', or remove the line and the construct adds ${XRAY_SDK_REQUIREMENTS[0]}`);
  }
}

function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map(version => version.split('.').map(part => Number.parseInt(part, 10) || 0));
  const i = [0, 1, 2].find(position => (a[position] ?? 0) !== (b[position] ?? 0));
  return i === undefined ? 0 : (a[i] ?? 0) - (b[i] ?? 0);
}

/** What the installed version of the SDK names, and neither the package nor the runtime has. */
function missingSdkDependencies(directory: string): string[] {
  const names = fs.readdirSync(directory);
  const metadata = names.find(name => /^aws_xray_sdk-.+\.dist-info$/.test(name));
  const file = metadata && path.join(directory, metadata, 'METADATA');
  if (!file || !fs.existsSync(file)) {
    return [];
  }
  const installed = new Set(names.flatMap(name => /^(.+?)-[^-]+\.dist-info$/.exec(name)?.[1].toLowerCase() ?? []));
  return [...fs.readFileSync(file, 'utf8').matchAll(/^Requires-Dist: ([A-Za-z0-9._-]+)[ \t]*(\([^)]*\)|[^;\n]*)[ \t]*(;.*)?$/gm)]
    // Markers are for versions of Python that Lambda no longer has.
    .filter(([, name, , marker]) => !marker && name !== 'botocore' && !installed.has(name.replace(/-/g, '_').toLowerCase()))
    .map(([, name, bounds]) => `${name}${bounds.replace(/[()\s]/g, '')}`);
}
