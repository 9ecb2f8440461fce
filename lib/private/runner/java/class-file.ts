import { ConstantPool } from './constant-pool';

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

/** @throws when the bytes are not a class file */
export function readClassFile(bytes: Buffer): ClassFile {
  const pool = new ConstantPool(bytes);
  let offset = pool.end;
  const next = () => (offset += 2, bytes.readUInt16BE(offset - 2));
  next(); // access flags
  next(); // this class
  const superclass = pool.className(next());
  const interfaces = Array.from({ length: next() }, () => pool.className(next())!);
  const readMembers = () => Array.from({ length: next() }, () => {
    next(); // access flags
    const name = pool.text(next());
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
