// Writes protobuf messages: fields in one buffer that is used again, the length of a nested message put in when it is known.
// https://protobuf.dev/programming-guides/encoding/

let buffer = Buffer.allocUnsafeSlow(16_384);
let at = 0;

/** Makes room; every function below writes at most what it asks for. */
function room(bytes) {
  if (at + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes));
  buffer.copy(larger, 0, 0, at);
  buffer = larger;
}

/** What has been written since the last call, as a copy. */
export function take() {
  const written = Buffer.from(buffer.subarray(0, at));
  at = 0;
  return written;
}

/** What has been written since the last call, until something else is. */
export function view() {
  const written = buffer.subarray(0, at);
  at = 0;
  return written;
}

/** A non-negative integer up to 2^53. */
function varint(value) {
  room(10);
  while (value > 0x7fffffff) {
    buffer[at++] = value % 128 | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    buffer[at++] = value & 0x7f | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
}

/** @param field number of the field; wire types: 0 varint, 1 fixed64, 2 bytes, 5 fixed32 */
function tag(field, wireType) {
  varint(field << 3 | wireType);
}

export function integer(field, value) {
  tag(field, 0);
  if (value >= 0) {
    varint(value);
  } else { // two's complement of 64 bits
    room(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) buffer[at++] = Number(rest & 0x7fn) | 0x80;
    buffer[at++] = Number(rest);
  }
}

export function double(field, value) {
  tag(field, 1);
  room(8);
  at = buffer.writeDoubleLE(value, at);
}

/** @param milliseconds since 1970, written as nanoseconds: more than a number holds exactly, and big integers take longer than the rest of a span */
export function time(field, milliseconds) {
  tag(field, 1);
  room(8);
  const whole = Math.floor(milliseconds);
  const upper = Math.floor(whole / 65_536) * 1e6; // counts 65,536 each
  const lower = whole % 65_536 * 1e6 + Math.round((milliseconds - whole) * 1e6);
  const sum = upper % 65_536 * 65_536 + lower;
  at = buffer.writeUInt32LE(sum % 4_294_967_296, at);
  at = buffer.writeUInt32LE(Math.floor(upper / 65_536) + Math.floor(sum / 4_294_967_296), at);
}

/** @param digits hexadecimal, two for each byte */
export function hex(field, digits) {
  tag(field, 2);
  varint(digits.length / 2);
  room(digits.length / 2);
  at += buffer.write(digits, at, 'hex');
}

export function text(field, value) {
  tag(field, 2);
  const { length } = value;
  if (length < 43) { // at most 3 bytes for each unit: the length takes one byte
    room(130);
    // Most are ASCII and short, for which a call of Node.js's own code takes longer than a loop.
    let code = 0;
    for (let i = 0; i < length && code < 128; i++) buffer[at + 1 + i] = code = value.charCodeAt(i);
    const written = code < 128 ? length : buffer.write(value, at + 1);
    buffer[at] = written;
    at += written + 1;
    return;
  }
  const size = Buffer.byteLength(value);
  varint(size);
  room(size);
  at += buffer.write(value, at);
}

export function bytes(field, value) {
  tag(field, 2);
  varint(value.length);
  raw(value);
}

/** Fields that have been written before. */
export function raw(value) {
  room(value.length);
  buffer.set(value, at);
  at += value.length;
}

/** @param write writes the message; it is given the rest, which is named because a list of arguments costs more than the message */
export function nested(field, write, first, second, third, fourth) {
  tag(field, 2);
  room(1);
  const start = at++;
  write(first, second, third, fourth);
  const length = at - start - 1;
  if (length < 128) {
    buffer[start] = length;
    return;
  }
  // The length takes more than the byte that was left for it.
  const extra = length < 16_384 ? 1 : length < 2_097_152 ? 2 : 3;
  room(extra);
  buffer.copyWithin(start + 1 + extra, start + 1, at);
  const end = at + extra;
  at = start;
  varint(length);
  at = end;
}
