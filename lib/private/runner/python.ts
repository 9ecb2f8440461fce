import * as fs from 'fs';
import * as path from 'path';
import { JobResult, PythonJob } from '../bundling-job';
import { installRequirements, PythonTarget } from './python-installer';
import { PROJECT_FILES, PythonRequirements, readRequirements } from './python-requirements';
import { removeRuntimePackages } from './python-runtime-packages';
import { copySources, listSources } from './python-sources';
import { pythonRuntimeFile, XRAY_SDK_REQUIREMENTS } from './xray-sdk';

/** Fills the output folder with the sources, their requirements and the tracing SDK. */
export async function bundlePython(job: PythonJob): Promise<JobResult> {
  const { pythonVersion, architecture, outputDir: directory, installArgs } = job;
  const target: PythonTarget = { pythonVersion, architecture, directory, installArgs };
  const sources = listSources(job);
  const requirements = await readRequirements(job.sourceDir, job.outputDir);
  let tool = 'no installer needed';
  if (requirements.lines.length > 0) {
    tool = await installRequirements([...requirements.options, ...requirements.lines], target, job.sourceDir);
    removeRuntimePackages(directory, requirements.direct);
  }
  if (job.instrumentation === 'xray-sdk' && !job.sdkInLayer) {
    // Without dependencies: what the SDK names beside wrapt is botocore, which the runtime has.
    tool = await installRequirements(sdkRequirements(requirements, directory), { ...target, noDependencies: true }, job.sourceDir);
  }
  copySources(sources, job.sourceDir, directory);
  if (job.instrumentation === 'xray-sdk') {
    const template = fs.readFileSync(pythonRuntimeFile('cdk_traced_function.py'), 'utf8');
    fs.writeFileSync(path.join(directory, 'cdk_traced_function.py'), template.replace('{{HANDLER}}', job.handler));
  }
  verify(job);
  // A requirement without a version is taken for the one that was installed first.
  const files = [...PROJECT_FILES.map(name => path.join(job.sourceDir, name)), ...requirements.files, ...sources.files];
  return { tool, inputs: { files, folders: sources.folders } };
}

function sdkRequirements(requirements: PythonRequirements, directory: string): string[] {
  const [sdk, ...others] = XRAY_SDK_REQUIREMENTS;
  // What another requirement has brought is what that one needs.
  const missing = others.filter(line => !fs.existsSync(path.join(directory, line.split('==')[0])));
  return [...requirements.options, requirements.sdkLine ?? sdk, ...missing];
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
