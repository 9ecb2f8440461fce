import { CLASS, CONSTANT_BYTES, DOUBLE, LONG, UTF8 } from './class-file';
import { BundlingError } from '../bundling-error';

/** A method of Java's own library whose calls are to go to a static method, which takes the object as its first parameter. */
export interface Redirection {
  /** Such as `java/net/http/HttpClient`. */
  readonly owner: string;
  readonly name: string;
  readonly descriptor: string;
  /** Class with a static method of the same name. */
  readonly target: string;
}

/** Tags of further constants. */
const METHOD = 10;
const NAME_AND_TYPE = 12;
const METHOD_HANDLE = 15;

const INVOKE_VIRTUAL = 0xb6;
const INVOKE_STATIC = 0xb8;
const REF_INVOKE_VIRTUAL = 5;
const REF_INVOKE_STATIC = 6;

const TABLE_SWITCH = 0xaa;
const LOOKUP_SWITCH = 0xab;
const WIDE = 0xc4;
const IINC = 0x84;

/**
 * Redirects calls in a class file: an instruction that calls a method of an object and one that calls a static method with the same values on the
 * stack are equally long, so that nothing else in the file changes but the table of constants, which grows at its end.
 *
 * @param bytes of a .class file
 * @returns undefined when it makes none of these calls
 * @throws on what is no class file
 */
export function redirectCalls(bytes: Buffer, redirections: readonly Redirection[]): Buffer | undefined {
  const file = Buffer.from(bytes);
  const { offsets, end } = readConstants(file);
  const text = (index: number) => file.toString('utf8', offsets[index] + 3, offsets[index] + 3 + file.readUInt16BE(offsets[index] + 1));
  const redirected = new Map<number, number>();
  const added: Buffer[] = [];
  const add = (...parts: Buffer[]) => {
    added.push(Buffer.concat(parts));
    return offsets.length + added.length - 1;
  };
  offsets.forEach((at, index) => {
    if (file[at] !== METHOD || at === 0) {
      return;
    }
    const nameAndType = offsets[file.readUInt16BE(at + 3)];
    const owner = text(file.readUInt16BE(offsets[file.readUInt16BE(at + 1)] + 1));
    const [name, descriptor] = [text(file.readUInt16BE(nameAndType + 1)), text(file.readUInt16BE(nameAndType + 3))];
    const found = redirections.find(r => r.owner === owner && r.name === name && r.descriptor === descriptor);
    if (found) {
      const target = add(Buffer.of(CLASS), short(add(utf8(found.target))));
      const type = add(utf8(descriptor.replace('(', `(L${owner};`)));
      const signature = add(Buffer.of(NAME_AND_TYPE), short(file.readUInt16BE(nameAndType + 1)), short(type));
      redirected.set(index, add(Buffer.of(METHOD), short(target), short(signature)));
    }
  });
  if (redirected.size === 0) {
    return undefined;
  }
  if (offsets.length + added.length > 0xffff) {
    throw new BundlingError('TF612', 'its table of constants is full');
  }
  for (const at of offsets) { // references such as client::send
    const method = at > 0 && file[at] === METHOD_HANDLE && file[at + 1] === REF_INVOKE_VIRTUAL && redirected.get(file.readUInt16BE(at + 2));
    if (method) {
      file[at + 1] = REF_INVOKE_STATIC;
      file.writeUInt16BE(method, at + 2);
    }
  }
  forEachCode(file, end, index => text(index), (start, length) => redirectCode(file, start, start + length, redirected));
  file.writeUInt16BE(offsets.length + added.length, 8);
  return Buffer.concat([file.subarray(0, end), ...added, file.subarray(end)]);
}

/** Where each constant begins, 0 for numbers that name none, and where the table ends. */
function readConstants(file: Buffer): { offsets: number[]; end: number } {
  if (file.readUInt32BE(0) !== 0xcafebabe) {
    throw new BundlingError('TF613', 'it does not begin as a class file does');
  }
  const count = file.readUInt16BE(8);
  const offsets = [0];
  let at = 10;
  while (offsets.length < count) {
    const tag = file[at];
    const size = tag === UTF8 ? 2 + file.readUInt16BE(at + 1) : CONSTANT_BYTES[tag];
    if (size === undefined) {
      throw new BundlingError('TF614', `it has a constant of an unknown kind (${tag})`);
    }
    offsets.push(at);
    if (tag === LONG || tag === DOUBLE) {
      offsets.push(0); // these take two numbers
    }
    at += 1 + size;
  }
  return { offsets, end: at };
}

function forEachCode(file: Buffer, afterConstants: number, text: (index: number) => string, visit: (start: number, length: number) => void): void {
  let at = afterConstants + 6;
  at += 2 + 2 * file.readUInt16BE(at); // interfaces
  for (const isMethod of [false, true]) {
    let members = file.readUInt16BE(at);
    at += 2;
    for (; members > 0; members--) {
      let attributes = file.readUInt16BE(at + 6);
      at += 8;
      for (; attributes > 0; attributes--) {
        if (isMethod && text(file.readUInt16BE(at)) === 'Code') {
          visit(at + 14, file.readUInt32BE(at + 10));
        }
        at += 6 + file.readUInt32BE(at + 2);
      }
    }
  }
}

function redirectCode(file: Buffer, start: number, end: number, redirected: ReadonlyMap<number, number>): void {
  for (let at = start; at < end; at += instructionLength(file, at, start)) {
    const target = file[at] === INVOKE_VIRTUAL ? redirected.get(file.readUInt16BE(at + 1)) : undefined;
    if (target !== undefined) {
      file[at] = INVOKE_STATIC;
      file.writeUInt16BE(target, at + 1);
    }
  }
}

/** https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-6.html */
function instructionLength(file: Buffer, at: number, start: number): number {
  const code = file[at];
  if (code === TABLE_SWITCH || code === LOOKUP_SWITCH) {
    const operands = at + 1 + (3 - (at - start) % 4); // aligned to the method's begin
    const count = code === TABLE_SWITCH
      ? file.readInt32BE(operands + 8) - file.readInt32BE(operands + 4) + 4
      : 2 * file.readInt32BE(operands + 4) + 2;
    return operands - at + 4 * count;
  }
  if (code === WIDE) {
    return file[at + 1] === IINC ? 6 : 4;
  }
  if (code > 0xc9) {
    throw new BundlingError('TF615', `it has an unknown instruction (${code})`);
  }
  return LENGTHS[code];
}

const LENGTHS = lengthsOfInstructions();

function lengthsOfInstructions(): Uint8Array {
  const lengths = new Uint8Array(0xca).fill(1);
  const set = (length: number, ...ranges: [number, number][]) => ranges.forEach(([from, to]) => lengths.fill(length, from, to + 1));
  set(2, [0x10, 0x10], [0x12, 0x12], [0x15, 0x19], [0x36, 0x3a], [0xa9, 0xa9], [0xbc, 0xbc]);
  set(3, [0x11, 0x11], [0x13, 0x14], [0x84, 0x84], [0x99, 0xa8], [0xb2, 0xb8], [0xbb, 0xbb], [0xbd, 0xbd], [0xc0, 0xc1], [0xc6, 0xc7]);
  set(4, [0xc5, 0xc5]);
  set(5, [0xb9, 0xba], [0xc8, 0xc9]);
  return lengths;
}

function utf8(value: string): Buffer {
  return Buffer.concat([Buffer.of(UTF8), short(Buffer.byteLength(value)), Buffer.from(value)]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
