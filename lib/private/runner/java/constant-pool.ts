import { BundlingError } from '../bundling-error';

/** Tags of constants. https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html#jvms-4.4 */
export const UTF8 = 1;
export const CLASS = 7;
export const METHOD = 10;
export const INTERFACE_METHOD = 11;
export const NAME_AND_TYPE = 12;
export const METHOD_HANDLE = 15;
export const INVOKE_DYNAMIC = 18;
const LONG = 5;
const DOUBLE = 6;

/** Bytes of a constant after its tag, by tag; a Utf8 has its length in front. */
const CONSTANT_BYTES: Record<number, number> = {
  3: 4, 4: 4, [LONG]: 8, [DOUBLE]: 8, [CLASS]: 2, 8: 2, 9: 4, [METHOD]: 4, [INTERFACE_METHOD]: 4,
  [NAME_AND_TYPE]: 4, [METHOD_HANDLE]: 3, 16: 2, 17: 4, [INVOKE_DYNAMIC]: 4, 19: 2, 20: 2,
};

/** A method or field that a class refers to. Names are internal ones: `com/example/Handler`. */
export interface MemberReference {
  readonly owner: string;
  readonly name: string;
  readonly descriptor: string;
}

/** The table of constants with which a class file begins. Constants are numbered from 1. */
export class ConstantPool {
  /** Where each constant begins, 0 for numbers that name none. */
  public readonly offsets: readonly number[];
  /** Where the table ends, and the class itself begins. */
  public readonly end: number;

  /** @throws when the bytes are not a class file */
  constructor(private readonly file: Buffer) {
    if (file.length < 10 || file.readUInt32BE(0) !== 0xcafebabe) {
      throw new BundlingError('TF610', 'it does not begin as a Java class file does');
    }
    const offsets = [0];
    let at = 10;
    for (const count = file.readUInt16BE(8); offsets.length < count;) {
      const tag = file[at];
      const size = tag === UTF8 ? 2 + file.readUInt16BE(at + 1) : CONSTANT_BYTES[tag];
      if (size === undefined) {
        throw new BundlingError('TF611', `it has a constant of an unknown kind (${tag}), as no Java class file up to version 25 has`);
      }
      offsets.push(at);
      if (tag === LONG || tag === DOUBLE) {
        offsets.push(0); // these take two numbers
      }
      at += 1 + size;
    }
    this.offsets = offsets;
    this.end = at;
  }

  /** A Utf8 constant. */
  public text(index: number): string {
    const at = this.offsets[index];
    return this.file.toString('utf8', at + 3, at + 3 + this.file.readUInt16BE(at + 1));
  }

  /** The name that a class constant refers to; undefined for 0, which stands for no class. */
  public className(index: number): string | undefined {
    return index === 0 ? undefined : this.text(this.file.readUInt16BE(this.offsets[index] + 1));
  }

  /** What a constant for a method or a field refers to. */
  public member(index: number): MemberReference {
    const at = this.offsets[index];
    const nameAndType = this.offsets[this.file.readUInt16BE(at + 3)];
    return {
      owner: this.className(this.file.readUInt16BE(at + 1))!,
      name: this.text(this.file.readUInt16BE(nameAndType + 1)),
      descriptor: this.text(this.file.readUInt16BE(nameAndType + 3)),
    };
  }
}
