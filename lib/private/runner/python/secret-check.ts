import * as fs from 'fs';
import * as path from 'path';
import { namesCredentials } from '../credentials';

const KEY_EXTENSIONS = new Set(['.env', '.key', '.p12', '.pfx', '.jks', '.keystore', '.kdbx', '.ppk', '.tfvars', '.ovpn']);
const SECRET_NAMES = /^(?:\.?(?:htpasswd|dockercfg|git-credentials|pgpass|my\.cnf|s3cfg|boto)|kubeconfig)$/i;
/** Not those of sources: `secrets.py` and `passwords.html` are code. */
const SECRET_WORDS = /(?:^|[._-])(?:secrets?|credentials?|passwords?)(?:[._-]|$)/i;
const DATA_EXTENSIONS = new Set(['', '.json', '.yaml', '.yml', '.toml', '.ini', '.cfg', '.conf', '.txt', '.csv', '.xml', '.properties']);

const CONTENTS: readonly [kind: string, pattern: RegExp][] = [
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  ['an access key of AWS', /\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b/],
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})/],
  ['a token of PyPI', /\bpypi-AgE[\w-]{50,}/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a token of Slack', /\bxox[abprs]-[0-9A-Za-z-]{20,}/],
];

/** Larger files are data or models; reading them would take longer than packing them. */
const LARGEST_BYTES = 256 * 1024;

/** Files that say where packages come from; none of them is of use on Lambda. */
const INDEX_FILES = /^(?:.*requirements.*\.(?:txt|in)|.*constraints.*\.txt|pyproject\.toml|uv\.toml|uv\.lock|poetry\.toml|poetry\.lock|pdm\.lock|Pipfile|Pipfile\.lock|setup\.cfg)$/;

/** What a file that is packed seems to hold that should not leave this machine; undefined when it seems harmless. */
export function seemingSecret(file: string): string | undefined {
  const name = path.basename(file);
  const extension = path.extname(name).toLowerCase();
  if (SECRET_NAMES.test(name) || KEY_EXTENSIONS.has(extension) || (SECRET_WORDS.test(name) && DATA_EXTENSIONS.has(extension))) {
    return 'by its name';
  }
  if (fs.statSync(file).size > LARGEST_BYTES) {
    return undefined;
  }
  const text = fs.readFileSync(file, 'latin1');
  return CONTENTS.find(([, pattern]) => pattern.test(text))?.[0];
}

/** Whether a file about packages holds the password of an index. */
export function holdsIndexPassword(file: string): boolean {
  return INDEX_FILES.test(path.basename(file)) && fs.statSync(file).size <= 100 * LARGEST_BYTES && namesCredentials(fs.readFileSync(file, 'latin1').replaceAll('\0', ''));
}
