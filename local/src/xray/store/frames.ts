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

/** What a journal file held beside its frames, in bytes. */
export interface Unread {
  /** At the end: a kill in the middle of a write. */
  tail: number;
  /** Before a frame that could be read: something else has written there. */
  damaged: number;
}

/** A datagram, and nearly every trace, is smaller; looking for the next good frame stays quick. */
const MAX_SOUGHT_BYTES = 1024 * 1024;

/**
 * Reads the payloads of a journal file. What is cut off or does not match its checksum is skipped, up to the next frame that is whole,
 * and counted.
 */
export function readFrames(bytes: Buffer, visit: (payload: Buffer) => void): Unread {
  const unread = { tail: 0, damaged: 0 };
  for (let offset = 0; offset < bytes.length;) {
    const payload = payloadAt(bytes, offset, MAX_PAYLOAD_BYTES);
    if (payload !== undefined) {
      visit(payload);
      offset += HEADER_BYTES + payload.length;
      continue;
    }
    const next = nextFrame(bytes, offset + 1);
    if (next < 0) {
      unread.tail = bytes.length - offset;
      break;
    }
    unread.damaged += next - offset;
    offset = next;
  }
  return unread;
}

/** Where the next whole frame begins; -1 for nowhere. An empty one, eight zeros, would be found in every hole of a file. */
function nextFrame(bytes: Buffer, from: number): number {
  for (let offset = from; offset + HEADER_BYTES < bytes.length; offset += 1) {
    if ((payloadAt(bytes, offset, MAX_SOUGHT_BYTES)?.length ?? 0) > 0) return offset;
  }
  return -1;
}

function payloadAt(bytes: Buffer, offset: number, maxBytes: number): Buffer | undefined {
  const start = offset + HEADER_BYTES;
  if (start > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  if (length > maxBytes || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === bytes.readUInt32LE(offset + 4) ? payload : undefined;
}
