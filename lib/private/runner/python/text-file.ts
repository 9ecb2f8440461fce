import * as fs from 'fs';

/** The text of a file in UTF-8, or in UTF-16 with a byte order mark, in which PowerShell writes what `pip freeze` prints. */
export function readText(file: string): string {
  const bytes = fs.readFileSync(file);
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes); // takes the byte order mark away
}
