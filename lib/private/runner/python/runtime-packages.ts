import * as fs from 'fs';
import * as path from 'path';

/** On Lambda already, with every Python runtime; together 35 MB. */
const IN_RUNTIME = ['boto3', 'botocore', 's3transfer'];

/**
 * Removes from an installation what the runtime has. A function that asks for boto3 itself keeps all of it, since the parts have to fit one another,
 * and so does one with a package that bounds the version of botocore, such as aiobotocore.
 *
 * @param direct normalised names that the project asks for itself
 */
export function removeRuntimePackages(directory: string, direct: ReadonlySet<string>): void {
  if (direct.has('boto3') || boundsBotocore(directory)) {
    return;
  }
  for (const name of IN_RUNTIME.filter(n => !direct.has(n))) {
    for (const entry of fs.readdirSync(directory)) {
      if (entry === name || new RegExp(`^${name}-[^-]+\\.dist-info$`).test(entry)) {
        fs.rmSync(path.join(directory, entry), { recursive: true });
      }
    }
  }
}

function boundsBotocore(directory: string): boolean {
  const others = fs.readdirSync(directory).filter(name => name.endsWith('.dist-info') && !/^(?:boto3|s3transfer|aws_xray_sdk)-/.test(name));
  return others.map(name => path.join(directory, name, 'METADATA')).some(file =>
    fs.existsSync(file) && /^Requires-Dist: (?:botocore|boto3)\b[^;\n]*(?:<|==|~=)[^;\n]*$/m.test(fs.readFileSync(file, 'utf8')));
}
