import * as fs from 'fs';
import * as path from 'path';
import { GoModule } from './module';

/** Name of the package that records, which is put among Go's own: it may import what the program has, whatever go.mod, vendor/modules.txt and the module's Go version say. */
export const PACKAGE = 'cdk_traced_function';

/**
 * Makes a folder from which Go runs as from its own, and whose standard library holds one package more. Go's files are linked.
 *
 * @param files texts of the package, by their paths in it
 */
export async function makeGoroot(go: GoModule, files: Record<string, string>, workDir: string): Promise<string> {
  const original = await go.goroot();
  const goroot = path.join(workDir, 'goroot');
  fs.rmSync(goroot, { recursive: true, force: true });
  fs.mkdirSync(path.join(goroot, 'src'), { recursive: true });
  const link = (name: string) => fs.symlinkSync(path.posix.join(original, name), path.join(goroot, name), 'junction');
  (await go.namesIn(original)).filter(name => name !== 'src').forEach(link);
  (await go.namesIn(path.posix.join(original, 'src'))).forEach(name => link(path.posix.join('src', name)));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(goroot, 'src', PACKAGE, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return goroot;
}
