import * as fs from 'fs';
import * as path from 'path';
import { distributions } from './distributions';
import { installRequirements } from './installer';
import { LeftOut } from './left-out';
import { normalizeRecords } from './normalize-package';
import { ProjectFile } from './project-file';
import { JobWarning } from '../../bundling/bundling-job';
import { PythonJob } from '../../languages/python-job';

/**
 * Installs the project itself where its `pyproject.toml` says that it is a package, so that `importlib.metadata` knows its version and entry points, and modules
 * are there that only its build makes. The sources are copied over it. Gives a warning where it cannot be built: its own modules are all that most functions need.
 */
export async function installProject({ projectDir, workDir, outputDir, installation, exclude }: PythonJob): Promise<JobWarning[]> {
  if (!ProjectFile.read(projectDir)?.isPackage || distributions(outputDir).some(({ folder }) => isOf(folder, projectDir))) {
    return [];
  }
  const directory = path.join(workDir, 'project');
  fs.mkdirSync(directory, { recursive: true });
  try {
    await installRequirements({ lines: [projectDir], noDependencies: true }, { ...installation, directory }, projectDir);
  } catch (error) {
    return [{
      id: 'cdk-traced-function:projectNotInstalled',
      text: `'${path.join(projectDir, 'pyproject.toml')}' says that the project is a package, but it cannot be built, so that importlib.metadata does not know it; mend the build, ` +
        `or take out [build-system].\n${(error as Error).message}`,
    }];
  }
  const leftOut = new LeftOut(exclude);
  const files = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(directory, name)).isFile());
  for (const name of files.filter(file => ['packed', 'named'].includes(leftOut.judge(file.split(path.sep).join('/'))))) {
    fs.mkdirSync(path.dirname(path.join(outputDir, name)), { recursive: true });
    fs.copyFileSync(path.join(directory, name), path.join(outputDir, name));
  }
  normalizeRecords(outputDir);
  return [];
}

/** Whether it was installed already, as what tells its own requirements. */
function isOf(folder: string, projectDir: string): boolean {
  const { name } = ProjectFile.read(projectDir)!;
  return name !== undefined && folder.toLowerCase().startsWith(`${name.replace(/[-_.]+/g, '_').toLowerCase()}-`);
}
