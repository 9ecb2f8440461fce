import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;
/** A UDP datagram is smaller; a document over HTTP is at most 64 KiB. A larger length is a torn or foreign file. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

/** A payload as it stands in a journal file: length (u32 LE), CRC-32 (u32 LE), payload. */
export function frameOf(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  payload.copy(frame, HEADER_BYTES);
  return frame;
}

/** The payloads of whole frames, as views; nothing is checked. For memory that never was on disk. */
export function* frames(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const length = bytes.readUInt32LE(offset);
    yield bytes.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length);
    offset += HEADER_BYTES + length;
  }
}

/**
 * Reads the payloads of a journal file. Stops at the first frame that is cut off or does not match its checksum (a kill in the middle
 * of a write) and returns how many bytes it left unread.
 */
export function readFrames(bytes: Buffer, visit: (payload: Buffer) => void): number {
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(offset);
    const end = offset + HEADER_BYTES + length;
    if (length > MAX_PAYLOAD_BYTES || end > bytes.length) break;
    const payload = bytes.subarray(offset + HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) break;
    visit(payload);
    offset = end;
  }
  return bytes.length - offset;
}
