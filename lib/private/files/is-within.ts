import * as path from 'path';

/** Whether a path is a folder or lies in it; both are absolute. */
export function isWithin(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
