import * as fs from 'fs';
import * as path from 'path';

/** Files and folders of the assets of cloud assemblies, each manifest read once. */
export class AssemblyAssets {
  private readonly folders = new Map<string, Map<string, string>>();

  /** @param key of the bucket: `<hash>.zip` */
  public find(folder: string, key: string): string | undefined {
    let files = this.folders.get(folder);
    if (!files) this.folders.set(folder, files = filesOf(folder));
    return files.get(path.basename(key).replace(/\.[^.]+$/, ''));
  }
}

function filesOf(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder).filter(candidate => candidate.endsWith('.assets.json')) : []) {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as { files?: Record<string, { source?: { path?: string } }> };
    for (const [hash, { source }] of Object.entries(manifest.files ?? {})) {
      if (source?.path) files.set(hash, path.resolve(folder, source.path));
    }
  }
  return files;
}
