import * as fs from 'fs';
import { Distribution, distributions } from './distributions';
import { PythonInstallation } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';

type Platform = Pick<PythonInstallation, 'pythonVersion' | 'architecture'>;

/** As wheels and compilers call it. */
export function machineName({ architecture }: Pick<Platform, 'architecture'>): string {
  return architecture === 'arm64' ? 'aarch64' : 'x86_64';
}

/**
 * Refuses what was compiled on this machine when a package was built from source: it would not load on Lambda.
 *
 * @throws with the name of the package, or of the file
 */
export function refuseForeignBinaries(directory: string, platform: Platform): void {
  const { pythonVersion, architecture } = platform;
  const target = `Python ${pythonVersion} on ${architecture}`;
  const compiled = distributions(directory).filter(distribution => isCompiledHere(distribution, platform));
  if (compiled.length > 0) {
    const [{ name, version, isDirect }] = compiled;
    throw new BundlingError('TF431', `'${name}' ${version} has no wheel for ${target}, and what was built from its source holds code that was compiled for this machine (${compiled[0].tags.join(', ')}); ` +
      `require a version that has one, or set another 'runtime' or 'architecture'${isDirect ? '' : '; or build a wheel on that platform, and add the line \'--find-links ./wheels\' to the requirements'}`);
  }
  const wanted = `.cpython-${pythonVersion.replace('.', '')}-${machineName(platform)}-`;
  const foreign = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).find(name => /\.cpython-\d+-[\w-]+\.so$/.test(name) && !name.includes(wanted));
  if (foreign) {
    throw new BundlingError('TF410', `'${foreign}' was compiled for this machine, and not for ${target}, when its package was built from source; ` +
      "set 'runtime' and 'architecture' to this machine's, or require a wheel of it for that platform");
  }
}

/** A wheel of an index says `manylinux`; one that was built here has the machine's own name, and may be right where a project of the user's own is compiled for it. */
function isCompiledHere({ tags, isDirect }: Distribution, platform: Platform): boolean {
  return tags.some(tag => {
    const [python, , ...platforms] = tag.split('-');
    const built = platforms.join('-').split('.').filter(name => name !== 'any' && !/^(?:many|musl)linux/.test(name));
    const isTarget = python === `cp${platform.pythonVersion.replace('.', '')}` && built.every(name => name === `linux_${machineName(platform)}`);
    return built.length > 0 && !(isDirect && isTarget);
  });
}
