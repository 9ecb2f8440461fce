import * as fs from 'fs';
import * as path from 'path';

/** Of this package: `lib` and `build` are at the same depth. */
export function packageVersion(): string {
  return (JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as { version: string }).version;
}
