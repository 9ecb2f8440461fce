// @ts-check
/**
 * Receives datagrams in a thread of its own, so that nothing the program computes can keep the socket from being read: the kernel
 * drops what is not read in time. Plain JavaScript, since a worker starts from a file and the tests run from source.
 *
 * Every datagram is framed, written to the journal (if there is one) and only then handed on. Frame, also the journal's format:
 * length of the payload (u32 LE), CRC-32 of the payload (u32 LE), payload.
 */
const { randomBytes } = require('node:crypto');
const dgram = require('node:dgram');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');
const { crc32 } = require('node:zlib');

const FRAME_HEADER_BYTES = 8;
/** Asked of the kernel, which caps it at net.core.rmem_max: what it can hold while this thread waits for a core. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Handed over to the main thread and not taken yet; beyond this, datagrams are dropped and counted. */
const MAX_BYTES_IN_FLIGHT = 256 * 1024 * 1024;
/** A flush happens at the end of every turn of the event loop, or when this much has come in within one. */
const FLUSH_BYTES = 1024 * 1024;

if (!parentPort) throw new Error('receiver-worker must be started as a worker thread');
const port = parentPort;
/** @type {{ host: string, port: number, journalDir?: string, rotateBytes: number, inFlight: SharedArrayBuffer }} */
const settings = workerData;
const inFlight = new Int32Array(settings.inFlight);

/** @type {Buffer[]} */
let batch = [];
let batchBytes = 0;
let flushScheduled = false;
let dropped = 0;
/** @type {{ fd: number, bytes: number } | undefined} */
let file;
let fileNumber = 0;

// On Linux 0 means the calling thread (elsewhere the process, which must stay as it is). This thread does little, but must do it within
// milliseconds on a machine that is busy with functions.
if (process.platform === 'linux') {
  try {
    os.setPriority(0, os.constants.priority.PRIORITY_HIGH);
  } catch {
    // Only a privileged user may; without it datagrams wait in the kernel's buffer for their turn.
  }
}

const socket = dgram.createSocket('udp4');
socket.on('message', (datagram) => {
  batch.push(datagram);
  batchBytes += datagram.length + FRAME_HEADER_BYTES;
  if (batchBytes >= FLUSH_BYTES) {
    flush();
  } else if (!flushScheduled) {
    flushScheduled = true;
    setImmediate(flush);
  }
});
socket.once('error', fail);
socket.bind({ address: settings.host, port: settings.port, exclusive: true }, () => {
  socket.removeListener('error', fail);
  // ICMP errors and the like concern one datagram; the socket goes on.
  socket.on('error', (error) => port.postMessage({ type: 'warning', message: `UDP socket: ${error.message}` }));
  let receiveBufferBytes = 0;
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    receiveBufferBytes = socket.getRecvBufferSize();
  } catch (error) {
    port.postMessage({ type: 'warning', message: `the UDP receive buffer keeps its default size: ${error}` });
  }
  try {
    if (settings.journalDir) openFile(settings.journalDir);
    port.postMessage({ type: 'listening', port: socket.address().port, receiveBufferBytes });
  } catch (error) {
    fail(error);
  }
});

port.on('message', (message) => {
  if (message.type === 'rotate') {
    flush();
    rotate();
  } else if (message.type === 'close') {
    socket.close(() => {
      flush();
      if (file) fs.closeSync(file.fd);
      port.postMessage({ type: 'closed' });
      port.close();
    });
  }
});

function flush() {
  flushScheduled = false;
  if (batch.length === 0) return;
  const datagrams = batch;
  const bytes = batchBytes;
  batch = [];
  batchBytes = 0;
  if (Atomics.load(inFlight, 0) + bytes > MAX_BYTES_IN_FLIGHT) {
    dropped += datagrams.length;
    port.postMessage({ type: 'dropped', count: dropped });
    return;
  }
  // Not from Buffer's pool: the memory is handed over to the main thread.
  const frames = Buffer.from(new ArrayBuffer(bytes));
  let offset = 0;
  for (const datagram of datagrams) {
    frames.writeUInt32LE(datagram.length, offset);
    frames.writeUInt32LE(crc32(datagram), offset + 4);
    datagram.copy(frames, offset + FRAME_HEADER_BYTES);
    offset += FRAME_HEADER_BYTES + datagram.length;
  }
  if (settings.journalDir) write(frames, settings.journalDir);
  Atomics.add(inFlight, 0, bytes);
  port.postMessage({ type: 'batch', frames: frames.buffer }, [frames.buffer]);
  // Only now: whoever hears of a new file takes it that all of the old one has been handed over.
  if (file && file.bytes >= settings.rotateBytes) rotate();
}

/**
 * @param {Buffer} frames
 * @param {string} directory
 */
function write(frames, directory) {
  try {
    const { fd } = file ?? openFile(directory);
    for (let done = 0; done < frames.length;) done += fs.writeSync(fd, frames, done);
    if (file) file.bytes += frames.length;
  } catch (error) {
    failJournal(error);
    cutOff();
  }
}

/** After a write of which only a part succeeded: what is appended later must not stand behind half a frame. */
function cutOff() {
  if (!file) return;
  try {
    fs.ftruncateSync(file.fd, file.bytes);
  } catch {
    fs.closeSync(file.fd);
    file = undefined; // the next write begins a new file
  }
}

function rotate() {
  try {
    if (settings.journalDir) openFile(settings.journalDir);
  } catch (error) {
    failJournal(error);
  }
}

/**
 * What could not be written is not in the journal.
 * @param {unknown} error
 */
function failJournal(error) {
  port.postMessage({ type: 'journal-failed', message: String(error) });
}

/** @param {string} directory */
function openFile(directory) {
  if (file) fs.closeSync(file.fd);
  file = undefined;
  fileNumber += 1;
  // As fileName() in ../store/journal.ts.
  const random = randomBytes(3).toString('hex');
  const name = `${String(Date.now()).padStart(15, '0')}-${String(fileNumber).padStart(6, '0')}-udp-${process.pid}-${random}.log`;
  file = { fd: fs.openSync(path.join(directory, name), 'ax'), bytes: 0 };
  port.postMessage({ type: 'rotated', name });
  return file;
}

/** @param {unknown} error */
function fail(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  port.postMessage({ type: 'failed', code, message });
  port.close();
}
