import * as fs from 'fs';
import * as path from 'path';

export interface NativeParts {
  /** Whether the package has an addon of its own, or is nothing without one. */
  readonly isAddon: boolean;
  /** Packages of which one is for each platform, and has the addon. */
  readonly platformPackages: readonly string[];
}

interface Manifest {
  readonly name?: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly napi?: unknown;
  readonly optionalDependencies?: Record<string, string>;
}

const PLATFORM = /(?:^|[-./])(?:linux|darwin|win32|freebsd|android)(?:[-.]|$)/;
const NONE: NativeParts = { isAddon: false, platformPackages: [] };
const known = new Map<string, NativeParts>();

/** What of an installed package is compiled. */
export function nativeParts(folder: string): NativeParts {
  let parts = known.get(folder);
  if (!parts) {
    parts = find(folder);
    known.set(folder, parts);
  }
  return parts;
}

function find(folder: string): NativeParts {
  const file = path.join(folder, 'package.json');
  if (!fs.existsSync(file)) {
    return NONE;
  }
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as Manifest;
  const platformPackages = Object.keys(manifest.optionalDependencies ?? {}).filter(name => PLATFORM.test(name));
  return {
    platformPackages,
    isAddon: platformPackages.length > 1 || manifest.gypfile === true || ['binding.gyp', 'src/binding.gyp', 'prebuilds'].some(name => fs.existsSync(path.join(folder, name))),
  };
}
