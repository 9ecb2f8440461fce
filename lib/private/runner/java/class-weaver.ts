import { CLASS, ConstantPool, INTERFACE_METHOD, INVOKE_DYNAMIC, METHOD, METHOD_HANDLE, NAME_AND_TYPE, UTF8 } from './constant-pool';
import { BundlingError } from '../bundling-error';

/** A method of a library whose calls are to go to a static method, which takes the object as its first parameter. */
export interface Redirection {
  /** Class or interface that the call names, such as `java/net/http/HttpClient`. */
  readonly owner: string;
  readonly name: string;
  readonly descriptor: string;
  /** Class with a static method of the same name. */
  readonly target: string;
  /** Type of that method's first parameter, where it is a more general one than the owner. */
  readonly receiver?: string;
  /** Further types of the first parameter that the target has methods for: a reference such as connection::getInputStream needs the very type of the object. */
  readonly overloads?: readonly string[];
  /** The method is static itself, and so has no object. */
  readonly isStatic?: boolean;
}

const INVOKE_VIRTUAL = 0xb6;
const INVOKE_STATIC = 0xb8;
const INVOKE_INTERFACE = 0xb9;
const NOP = 0x00;
const REF_INVOKE_VIRTUAL = 5;
const REF_INVOKE_STATIC = 6;
const REF_INVOKE_INTERFACE = 9;

const TABLE_SWITCH = 0xaa;
const LOOKUP_SWITCH = 0xab;
const WIDE = 0xc4;
const IINC = 0x84;

/**
 * Redirects calls in a class file: an instruction that calls a method of an object and one that calls a static method with the same values on the
 * stack are equally long, but for two bytes that do nothing after a call of an interface, so that nothing else in the file changes but the table of
 * constants, which grows at its end.
 *
 * @param bytes of a .class file
 * @returns undefined when it makes none of these calls
 * @throws on what is no class file
 */
export function redirectCalls(bytes: Buffer, redirections: readonly Redirection[]): Buffer | undefined {
  const file = Buffer.from(bytes);
  const pool = new ConstantPool(file);
  const redirected = new Map<number, number>();
  const found = new Map<number, Redirection>();
  const added: Buffer[] = [];
  const add = (...parts: Buffer[]) => {
    added.push(Buffer.concat(parts));
    return pool.offsets.length + added.length - 1;
  };
  const addTarget = ({ target, name, descriptor, isStatic }: Redirection, receiver: string) => {
    const type = add(utf8(isStatic ? descriptor : descriptor.replace('(', `(L${receiver};`)));
    const signature = add(Buffer.of(NAME_AND_TYPE), short(add(utf8(name))), short(type));
    return add(Buffer.of(METHOD), short(add(Buffer.of(CLASS), short(add(utf8(target))))), short(signature));
  };
  pool.offsets.forEach((at, index) => {
    if (at === 0 || file[at] !== METHOD && file[at] !== INTERFACE_METHOD) {
      return;
    }
    const { owner, name, descriptor } = pool.member(index);
    const redirection = redirections.find(r => r.name === name && r.owner === owner && r.descriptor === descriptor);
    if (redirection) {
      found.set(index, redirection);
      redirected.set(index, addTarget(redirection, redirection.receiver ?? owner));
    }
  });
  if (redirected.size === 0) {
    return undefined;
  }
  const end = forEachCode(file, pool, (start, length) => redirectCode(file, start, start + length, redirected));
  redirectReferences(file, pool, end, index => found.get(index), addTarget);
  if (pool.offsets.length + added.length > 0xffff) {
    throw new BundlingError('TF612', 'its table of constants is full');
  }
  file.writeUInt16BE(pool.offsets.length + added.length, 8);
  return Buffer.concat([file.subarray(0, pool.end), ...added, file.subarray(pool.end)]);
}

/** References such as client::send. What such a reference has bound has to be of the very type of the parameter; where it is of another, it is left as it is. */
function redirectReferences(
  file: Buffer, pool: ConstantPool, afterMethods: number,
  redirectionOf: (method: number) => Redirection | undefined, addTarget: (redirection: Redirection, receiver: string) => number,
): void {
  const bound = boundTypes(file, pool, afterMethods);
  pool.offsets.forEach((at, index) => {
    const isReference = at > 0 && file[at] === METHOD_HANDLE && [REF_INVOKE_VIRTUAL, REF_INVOKE_INTERFACE, REF_INVOKE_STATIC].includes(file[at + 1]);
    const redirection = isReference ? redirectionOf(file.readUInt16BE(at + 2)) : undefined;
    if (!redirection) {
      return;
    }
    const receiver = redirection.receiver ?? redirection.owner;
    const types = redirection.isStatic ? new Set<string>() : bound.get(index) ?? new Set<string>();
    const [type = receiver] = types;
    if (types.size <= 1 && [receiver, ...redirection.overloads ?? []].includes(type)) {
      file[at + 1] = REF_INVOKE_STATIC;
      file.writeUInt16BE(addTarget(redirection, type), at + 2);
    }
  });
}

/** For each constant that is a reference to a method: the types of the objects that it is bound to. */
function boundTypes(file: Buffer, pool: ConstantPool, afterMethods: number): Map<number, Set<string>> {
  const argumentsOf = bootstrapArguments(file, pool, afterMethods);
  const types = new Map<number, Set<string>>();
  for (const at of pool.offsets) {
    if (at === 0 || file[at] !== INVOKE_DYNAMIC) {
      continue;
    }
    const nameAndType = pool.offsets[file.readUInt16BE(at + 3)];
    const [, type] = /^\(L([^;]+);/.exec(pool.text(file.readUInt16BE(nameAndType + 3))) ?? [];
    for (const argument of argumentsOf[file.readUInt16BE(at + 1)] ?? []) {
      types.set(argument, new Set([...types.get(argument) ?? [], ...type === undefined ? [] : [type]]));
    }
  }
  return types;
}

/** Of each way in which the class makes objects of lambdas and references, the constants that it is given. */
function bootstrapArguments(file: Buffer, pool: ConstantPool, afterMethods: number): number[][] {
  let at = afterMethods;
  let attributes = file.readUInt16BE(at);
  for (at += 2; attributes > 0; attributes--) {
    if (pool.text(file.readUInt16BE(at)) === 'BootstrapMethods') {
      let entry = at + 8;
      return Array.from({ length: file.readUInt16BE(at + 6) }, () => {
        const count = file.readUInt16BE(entry + 2);
        entry += 4 + 2 * count;
        return Array.from({ length: count }, (_, i) => file.readUInt16BE(entry - 2 * (count - i)));
      });
    }
    at += 6 + file.readUInt32BE(at + 2);
  }
  return [];
}

/** @returns where the methods end */
function forEachCode(file: Buffer, pool: ConstantPool, visit: (start: number, length: number) => void): number {
  let at = pool.end + 6;
  at += 2 + 2 * file.readUInt16BE(at); // interfaces
  for (const isMethod of [false, true]) {
    let members = file.readUInt16BE(at);
    at += 2;
    for (; members > 0; members--) {
      let attributes = file.readUInt16BE(at + 6);
      at += 8;
      for (; attributes > 0; attributes--) {
        if (isMethod && pool.text(file.readUInt16BE(at)) === 'Code') {
          visit(at + 14, file.readUInt32BE(at + 10));
        }
        at += 6 + file.readUInt32BE(at + 2);
      }
    }
  }
  return at;
}

function redirectCode(file: Buffer, start: number, end: number, redirected: ReadonlyMap<number, number>): void {
  for (let at = start; at < end; at += instructionLength(file, at, start)) {
    const code = file[at];
    const isCall = code === INVOKE_VIRTUAL || code === INVOKE_INTERFACE || code === INVOKE_STATIC;
    const target = isCall ? redirected.get(file.readUInt16BE(at + 1)) : undefined;
    if (target !== undefined) {
      file[at] = INVOKE_STATIC;
      file.writeUInt16BE(target, at + 1);
      if (code === INVOKE_INTERFACE) {
        file.fill(NOP, at + 3, at + 5);
      }
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
