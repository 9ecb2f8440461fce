import * as fs from 'fs';
import { Distribution, distributions } from './distributions';
import { installRequirements, PythonTarget } from './installer';
import { requirementName } from './names';
import { PythonRequirements } from './requirements';
import { readText } from './text-file';
import { requireShipped } from '../../files/shipped-packages';
import { BundlingError } from '../bundling-error';

const { compare, satisfies, valid } = requireShipped<typeof import('@renovatebot/pep440')>('@renovatebot/pep440');

/**
 * Versions of the SDK for Python that the construct supplies when a function's own requirements name none, with the hashes of their wheels for Lambda's platforms.
 * wrapt is what the SDK needs beside botocore; 1.17 also has a wheel in pure Python.
 */
const SDK_VERSION = '2.15.0';
const SDK = `aws-xray-sdk==${SDK_VERSION}${hashes(['422d62ad7d52e373eebb90b642eb1bb24657afe03b22a8df4a8b2e5108e278a3'])}`;
const WRAPT_VERSION = '1.17.3';
const WRAPT = `wrapt==${WRAPT_VERSION}${hashes([
  '7171ae35d2c33d326ac19dd8facb1e82e5fd04ef8c6c0e394d7af55a55051c22', // pure Python
  // CPython 3.9 to 3.14, x86_64 and aarch64
  '7e18f01b0c3e4a07fe6dfdb00e29049ba17eadbc5e7609a2a3a4af83ab7d710a', '0f5f51a6466667a5a356e6381d362d259125b57f059103dd9fdc8c0cf1d14139',
  'f9b2601381be482f70e5d1051a5965c25fb3625455a2bf520b5a077b22afb775', '343e44b2a8e60e06a7e0d29c1671a0d9951f59174f3709962b5143f60a2a98bd',
  'b32888aad8b6e68f83a8fdccbf3165f5469702a7544472bdf41f582970ed3311', '8cccf4f81371f257440c88faed6b74f1053eef90807b77e31ca057b2db74edb1',
  '042ec3bb8f319c147b1301f2393bc19dba6e176b7da446853406d041c36c7828', '3af60380ba0b7b5aeb329bc4e402acd25bd877e98b3727b0135cb5c2efdaefe9',
  '6fd1ad24dc235e4ab88cda009e19bf347aabb975e44fd5c2fb22a3f6e4141277', '0ed61b7c2d49cee3c027372df5809a59d60cf1b6c2f81ee980a091f3afed6a2d',
  '281262213373b6d5e4bb4353bc36d1ba4084e6d6b5d242863721ef2bf2c2930b', 'dc4a8d2b25efb6681ecacad42fca8859f88092d8732b170de6a5dddd80a1c8fa',
])}`;

/** What the layer holds that functions share. */
export const XRAY_SDK_LINES: readonly string[] = [SDK, WRAPT];

/**
 * Lowest versions of the SDK that can be imported, and have what handlers and the capture use, with the oldest version of Python that each is for:
 * older ones import `distutils` or `pkg_resources`, which Python 3.12 has not.
 */
const LOWEST_SDK: readonly [python: number, sdk: string][] = [[12, '2.10.0'], [0, '2.2.0']];

/** What Lambda's runtimes have, so that the SDK's dependency on it needs no installation. */
const IN_RUNTIME = new Set(['botocore', 'boto3', 's3transfer']);

/**
 * Installs the SDK beside what a project requires: in the project's own version, if it names or constrains one, with what that version needs.
 *
 * @throws for a version that would not work
 */
export async function installXRaySdk(requirements: PythonRequirements, target: PythonTarget, sourceDir: string): Promise<string | undefined> {
  const { sdkLine, options } = requirements;
  const constraints = [...requirements.constraints, ...environmentConstraints({ ...process.env, ...target.environment })];
  const { directory } = target;
  // Hashes that the project demands are those of its own lines.
  const indexes = options.filter(option => option !== '--require-hashes');
  const isOurs = sdkLine === undefined && allows(constraints, 'aws-xray-sdk', SDK_VERSION);
  let tool: string | undefined;
  if (!find(directory, 'aws-xray-sdk')) {
    const bringsWrapt = isOurs && !find(directory, 'wrapt') && allows(constraints, 'wrapt', WRAPT_VERSION);
    tool = await installRequirements(isOurs
      ? { lines: [...indexes, SDK, ...bringsWrapt ? [WRAPT] : []], noDependencies: true }
      : { lines: [...sdkLine?.includes('--hash') ? options : indexes, sdkLine ?? 'aws-xray-sdk'], constraints, noDependencies: true }, target, sourceDir);
  }
  const sdk = find(directory, 'aws-xray-sdk');
  if (!sdk) {
    return tool; // an argument of the user's took it away, which the finished package is checked for
  }
  const [, lowest] = LOWEST_SDK.find(([python]) => Number(target.pythonVersion.split('.')[1]) >= python)!;
  if (valid(sdk.version) && compare(sdk.version, lowest) < 0) {
    throw new BundlingError('TF408', `the requirements of '${sourceDir}' pin aws-xray-sdk ${sdk.version}, which cannot work with Python ${target.pythonVersion}; the lowest version that does is ${lowest}: ` +
      `write 'aws-xray-sdk>=${lowest}', or remove the line and the construct adds aws-xray-sdk==${SDK_VERSION}`);
  }
  let missing = sdk.requires.filter(line => !/;.*\bextra\s*==/.test(line) && !IN_RUNTIME.has(requirementName(line)!) && !find(directory, requirementName(line)!));
  const withWrapt = missing.some(line => requirementName(line) === 'wrapt') && allows([...constraints, ...missing], 'wrapt', WRAPT_VERSION);
  if (withWrapt) {
    tool = await installRequirements({ lines: [...indexes, WRAPT], noDependencies: true }, target, sourceDir);
    missing = missing.filter(line => requirementName(line) !== 'wrapt');
  }
  if (missing.length > 0) {
    // What is installed already stays what it is.
    const installed = distributions(directory).map(({ name, version }) => `${name}==${version}`);
    const names = new Set(installed.map(requirementName));
    const others = constraints.filter(line => !names.has(requirementName(line)));
    tool = await installRequirements({ lines: [...indexes, ...missing], constraints: [...others, ...installed] }, target, sourceDir);
  }
  return tool;
}

function find(directory: string, name: string): Distribution | undefined {
  return distributions(directory).find(distribution => distribution.name === name);
}

/** Lines of the constraints files that the environment gives to the installers. */
function environmentConstraints({ PIP_CONSTRAINT, UV_CONSTRAINT }: Readonly<Record<string, string | undefined>>): string[] {
  const files = [PIP_CONSTRAINT, UV_CONSTRAINT].flatMap(value => value?.split(/\s+/) ?? []).filter(file => file !== '' && fs.existsSync(file));
  return files.flatMap(file => readText(file).split(/\r?\n/)).map(line => line.replace(/(^|\s)#.*$/, '').trim()).filter(line => requirementName(line) !== undefined);
}

/** Whether constraints leave a version of ours possible. */
function allows(constraints: readonly string[], name: string, version: string): boolean {
  return constraints.filter(line => requirementName(line) === name).every(line => {
    const [, specifier] = /^[\w.-]+\s*([^;#]*?)\s*(?:[;#].*|--hash.*)?$/.exec(line) ?? [];
    return specifier === '' || (specifier !== undefined && !specifier.startsWith('@') && satisfies(version, specifier));
  });
}

function hashes(values: string[]): string {
  return values.map(value => ` --hash=sha256:${value}`).join('');
}
