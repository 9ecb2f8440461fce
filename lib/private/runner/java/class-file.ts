import { BundlingError } from '../bundling-error';
/** What a compiled class says of itself. Names are internal ones: `com/example/Handler`. */
export interface ClassFile {
  /** The oldest Java that can load it: 17, 21. */
  readonly javaVersion: number;
  /** Undefined for java/lang/Object. */
  readonly superclass?: string;
  readonly interfaces: string[];
  /** Names of the methods that it declares. */
  readonly methods: ReadonlySet<string>;
}

/** Major version of the class files of Java 1, so to say: Java 17 writes 61. */
const MAJOR_VERSION_OFFSET = 44;

/**
 * Bytes of a constant after its tag, by tag; a Utf8 (1) has its length in front.
 * https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html#jvms-4.4
 */
export const CONSTANT_BYTES: Record<number, number> = {
  3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2,
};
export const UTF8 = 1;
export const CLASS = 7;
export const LONG = 5;
export const DOUBLE = 6;

/** @throws when the bytes are not a class file */
export function readClassFile(bytes: Buffer): ClassFile {
  if (bytes.length < 10 || bytes.readUInt32BE(0) !== 0xcafebabe) {
    throw new BundlingError('TF610', 'not a Java class file');
  }
  const texts = new Map<number, string>();
  const classes = new Map<number, number>();
  let offset = 10;
  const count = bytes.readUInt16BE(8);
  for (let i = 1; i < count; i++) {
    const tag = bytes[offset++];
    if (tag === UTF8) {
      const length = bytes.readUInt16BE(offset);
      texts.set(i, bytes.toString('utf8', offset + 2, offset + 2 + length));
      offset += 2 + length;
      continue;
    }
    if (tag === CLASS) {
      classes.set(i, bytes.readUInt16BE(offset));
    }
    if (!(tag in CONSTANT_BYTES)) {
      throw new BundlingError('TF611', `a Java class file with an unknown constant of type ${tag}`);
    }
    offset += CONSTANT_BYTES[tag];
    // These take two places in the table.
    i += tag === LONG || tag === DOUBLE ? 1 : 0;
  }
  const next = () => (offset += 2, bytes.readUInt16BE(offset - 2));
  const className = (index: number) => texts.get(classes.get(index)!);
  next(); // access flags
  next(); // this class
  const superclass = className(next());
  const interfaces = Array.from({ length: next() }, () => className(next())!);
  const readMembers = () => Array.from({ length: next() }, () => {
    next(); // access flags
    const name = texts.get(next())!;
    next(); // descriptor
    for (let attributes = next(); attributes > 0; attributes--) {
      next(); // name
      offset += 4 + bytes.readUInt32BE(offset);
    }
    return name;
  });
  readMembers(); // fields
  return { javaVersion: bytes.readUInt16BE(6) - MAJOR_VERSION_OFFSET, superclass, interfaces, methods: new Set(readMembers()) };
}
