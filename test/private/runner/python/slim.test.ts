import { isLoadable } from '../../../../lib/private/runner/python/slim';

/** An ELF header of 64 bits, and program headers of 56 bytes each: what is loaded from where to where. */
function elf(segments: { type: number; offset: number; address: number; alignment: number }[]): Buffer {
  const file = Buffer.alloc(64 + 56 * segments.length);
  file.write('\x7fELF', 'latin1');
  file.writeBigUInt64LE(64n, 0x20);
  file.writeUInt16LE(56, 0x36);
  file.writeUInt16LE(segments.length, 0x38);
  segments.forEach(({ type, offset, address, alignment }, i) => {
    file.writeUInt32LE(type, 64 + 56 * i);
    [[8, offset], [16, address], [48, alignment]].forEach(([field, value]) => file.writeBigUInt64LE(BigInt(value), 64 + 56 * i + field));
  });
  return file;
}

test.each<[string, boolean, Parameters<typeof elf>[0]]>([
  ['segments that lie in the file as in memory', true, [{ type: 1, offset: 0, address: 0, alignment: 0x1000 }, { type: 1, offset: 0x2a40, address: 0x12a40, alignment: 0x1000 }]],
  ['a segment that a program has moved', false, [{ type: 1, offset: 0, address: 0, alignment: 0x1000 }, { type: 1, offset: 0x2a48, address: 0x12a40, alignment: 0x1000 }]],
  ['a segment that has moved by more than memory before it', true, [{ type: 1, offset: 0x5000, address: 0x1000, alignment: 0x1000 }]],
  ['something else that is not aligned', true, [{ type: 6, offset: 0x41, address: 0x40, alignment: 8 }]],
])('%s can be loaded: %s', (_, expected, segments) => expect(isLoadable(elf(segments))).toBe(expected));
