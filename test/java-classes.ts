import { strToU8, zipSync } from 'fflate';

export interface ClassOptions {
  readonly javaVersion?: number;
  readonly superclass?: string;
  readonly interfaces?: string[];
  /** Names of its methods, which do nothing. */
  readonly methods?: string[];
}

/**
 * Bytes of an abstract class as a compiler would write it, as far as it is looked at here.
 *
 * @param name such as `com/example/Handler`
 * @see https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html
 */
export function classFile(name: string, { javaVersion = 17, superclass = 'java/lang/Object', interfaces = [], methods = [] }: ClassOptions = {}): Uint8Array {
  const constants: Buffer[] = [];
  const add = (...bytes: Buffer[]) => constants.push(Buffer.concat(bytes));
  const utf8 = (text: string) => add(Buffer.from([1]), short(Buffer.byteLength(text)), Buffer.from(text));
  const classRef = (internal: string) => add(Buffer.from([7]), short(utf8(internal)));
  const own = classRef(name);
  const parent = classRef(superclass);
  add(Buffer.from([5]), Buffer.alloc(8)); // a long, which takes two places
  constants.push(Buffer.alloc(0));
  const parents = interfaces.map(classRef);
  const descriptor = utf8('()V');
  const members = methods.map(method => Buffer.concat([short(0x401), short(utf8(method)), short(descriptor), short(0)]));
  return Buffer.concat([
    Buffer.from('cafebabe0000', 'hex'), short(javaVersion + 44), short(constants.length + 1), ...constants,
    short(0x421), short(own), short(parent), short(parents.length), ...parents.map(short),
    short(0), short(members.length), ...members, short(0),
  ]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A jar as a build tool writes it: with the time of its making. */
export function jar(files: Record<string, Uint8Array | string>, modified = new Date()): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, contents]) => [name, typeof contents === 'string' ? strToU8(contents) : contents])), { mtime: modified });
}
