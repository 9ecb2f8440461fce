import * as fs from 'fs';
import * as path from 'path';
import { PACKAGE_ROOT } from './runtime-files';

/** `runtime/licenses.json`, which scripts/third-party-licenses.mjs writes. */
interface Licenses {
  readonly texts: readonly string[];
  readonly packages: Readonly<Record<string, { readonly license: string; readonly copyright: readonly string[]; readonly text: number }>>;
}

/** This package itself, of which each function that is traced has something. */
export const OWN = 'cdk-traced-function';

let licenses: Licenses | undefined;

/**
 * The licence texts of what records calls, for a package or a layer.
 *
 * @param names of packages beside this one; those that are not ours to give are passed over
 */
export function licenseText(names: readonly string[] = []): string {
  licenses ??= JSON.parse(fs.readFileSync(path.join(PACKAGE_ROOT, 'runtime', 'licenses.json'), 'utf8')) as Licenses;
  const { texts, packages } = licenses;
  const used = [...new Set([OWN, ...names])].filter(name => Object.hasOwn(packages, name)).sort().map(name => ({ name, ...packages[name] }));
  return [
    'This package contains, to record calls:',
    ...texts.flatMap((text, i) => {
      const users = used.filter(found => found.text === i);
      return users.length === 0 ? [] : ['', ...users.flatMap(({ name, license, copyright }) => [`${name} (${license})`, ...copyright.map(line => `  ${line}`)]), '', text];
    }),
    '',
  ].join('\n');
}

/** Lays them into a folder of a package or a layer, under a name that the user's own files do not have. */
export function writeLicenses(directory: string, names: readonly string[] = [], file = 'LICENSE'): void {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, file), licenseText(names));
}
