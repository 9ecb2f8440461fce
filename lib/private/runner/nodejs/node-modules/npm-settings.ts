import * as fs from 'fs';
import * as path from 'path';

/** What npm is to know of the project: its registries, and how it may use them. */
export interface NpmSettings {
  /** Text of a `.npmrc`. Variables in it are named, and not their values. */
  readonly text: string;
  /** Absolute paths of the files that it was read from, whether they exist or not. */
  readonly files: string[];
}

/**
 * The project's `.npmrc`, and what `.yarnrc.yml` says of registries. npm itself adds those of the user and of the machine.
 *
 * @param root absolute path of the folder with the lock file
 */
export function npmSettings(root: string): NpmSettings {
  const [npmrc, yarnrc] = ['.npmrc', '.yarnrc.yml'].map(name => path.join(root, name));
  // What is written relative to the project is looked for elsewhere otherwise.
  const own = read(npmrc).replace(/^(\s*(?:cafile|certfile|keyfile)\s*=\s*)(\.{1,2}\/.*)$/gm, (_, name: string, file: string) => name + path.resolve(root, file.trim()));
  const text = [own, fromYarn(read(yarnrc))].filter(Boolean).join('\n');
  return { text: text.split('\n').filter(line => !/^\s*(?:omit|package-lock|prefix|global|workspaces?|node-linker|dry-run|install-strategy)\b/.test(line)).join('\n'), files: [npmrc, yarnrc] };
}

/** Yarn's settings are YAML, of which this is the part that counts: registries of the project and of scopes, and their tokens. */
function fromYarn(text: string): string {
  const lines: string[] = [];
  let scope = '';
  let registry = '';
  for (const line of text.split(/\r?\n/)) {
    const [, indent, name, raw] = /^(\s*)["']?([^"':\s]+|@?[\w/.-]+)["']?:\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      continue;
    }
    const value = raw.replace(/^["']|["']$/g, '').replace(/\$\{([\w]+)[:-].*?\}/g, '${$1}');
    if (indent === '') {
      scope = '';
    } else if (raw === '' && indent.length === 2) {
      scope = name.replace(/^@/, '');
    }
    if (name === 'npmRegistryServer') {
      registry = value;
      lines.push(`${scope ? `@${scope}:` : ''}registry=${value}`);
    } else if (name === 'npmAuthToken') {
      lines.push(`${registry.replace(/^https?:/, '').replace(/\/?$/, '/')}:_authToken=${value}`);
    }
  }
  return lines.join('\n');
}

function read(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}
