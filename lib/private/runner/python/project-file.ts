import * as path from 'path';
import { findPython } from './installer';
import { runCommand } from '../run-command';

/** What is read of a pyproject.toml. */
interface ProjectFile {
  readonly dependencies: string[] | null;
  /** Whether the build makes the list of dependencies. */
  readonly dynamic: boolean;
  /** Packages that are listed for Poetry. */
  readonly poetry: string[];
  /** Names for which uv has a source that is no package index. */
  readonly uvSources: string[];
  /** `requires-python`, when the runtime does not meet it. */
  readonly unmetPython: string | null;
}

/** Python's own TOML parser, and pip's own understanding of versions where there is pip. */
const READ = `
import json, sys
try:
    import tomllib
except ImportError: # before Python 3.11
    from pip._vendor import tomli as tomllib
try:
    from pip._vendor.packaging.specifiers import SpecifierSet
except ImportError:
    SpecifierSet = None
file = tomllib.load(open(sys.argv[1], "rb"))
project, tool = file.get("project", {}), file.get("tool", {})
wanted = project.get("requires-python")
# The runtime's patch version is not known, and is the newest.
fits = not wanted or not SpecifierSet or any(SpecifierSet(wanted).contains(sys.argv[2] + patch) for patch in ("", ".99"))
print(json.dumps({
    "dependencies": project.get("dependencies"),
    "dynamic": "dependencies" in project.get("dynamic", []),
    "poetry": [name for name in tool.get("poetry", {}).get("dependencies", {}) if name != "python"],
    "uvSources": list(tool.get("uv", {}).get("sources", {})),
    "unmetPython": None if fits else wanted,
}))`;
import { BundlingError } from '../bundling-error';

/**
 * `project.dependencies` of pyproject.toml.
 *
 * @param locked whether a lock file says what is installed
 * @throws where the file contradicts the runtime, or says in a way that only another tool reads what is installed
 */
export async function projectDependencies(sourceDir: string, pythonVersion: string, locked: boolean): Promise<string[]> {
  const python = await findPython(sourceDir);
  const file = path.join(sourceDir, 'pyproject.toml');
  const found = JSON.parse(await runCommand([...python.argv, '-c', READ, file, pythonVersion])) as ProjectFile;
  if (found.unmetPython) {
    throw new BundlingError('TF411', `'${file}' requires Python '${found.unmetPython}', and the function's runtime is python${pythonVersion}; set 'runtime' to one that fits, or change requires-python`);
  }
  if (found.dynamic) {
    throw new BundlingError('TF412', `'${file}' leaves its dependencies to the build (dynamic = ["dependencies"]), so they cannot be read; write them into requirements.txt`);
  }
  if (!found.dependencies && found.poetry.length > 0) {
    throw new BundlingError('TF413', `'${file}' lists its dependencies for Poetry only; move them to [project], or write requirements.txt with 'poetry export'`);
  }
  if (!locked && found.uvSources.length > 0) {
    throw new BundlingError('TF414', `'${file}' says in [tool.uv.sources] where ${found.uvSources.map(name => `'${name}'`).join(', ')} is to come from, which only uv.lock ` +
      "has for others to read; run 'uv lock' there");
  }
  return found.dependencies ?? [];
}
