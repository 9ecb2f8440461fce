import * as fs from 'fs';
import * as path from 'path';
import { AssemblyAssets } from '../template/assembly-assets';
import { isObject, objectOf, Resource } from '../template/template';

/** Where the packages of an app lie on this machine. */
export class FunctionPackages {
  private readonly assets = new AssemblyAssets();

  /** Of a function or a layer: the code itself, a path, or undefined when it is not on this machine. */
  public find(resource: Resource, code: unknown): { text: string } | { path: string } | undefined {
    const { template, metadata } = resource;
    const folder = path.dirname(template.file);
    const values = objectOf(code);
    if (typeof values.ZipFile === 'string') return { text: values.ZipFile };
    if (isObject(values.ZipFile)) return { text: JSON.stringify(values.ZipFile) };
    const asset = metadata['aws:asset:path'];
    const candidates = [
      ...typeof asset === 'string' ? [path.resolve(folder, asset)] : [],
      ...typeof values.S3Key === 'string' ? [this.assets.find(folder, values.S3Key), path.join(folder, path.basename(values.S3Key))] : [],
      // SAM: what was built stands in a copy of the template; CloudFormation: what `aws cloudformation package` will upload.
      ...[values.Uri, code].filter(uri => typeof uri === 'string').map(uri => path.resolve(folder, uri)),
    ];
    const found = candidates.find(candidate => candidate !== undefined && fs.existsSync(candidate));
    return found === undefined ? undefined : { path: found };
  }
}
