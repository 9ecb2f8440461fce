import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XraySettings } from '../../../src/xray/settings/xray-settings';
import { Journal, JournalWriteError, SnapshotTrace } from '../../../src/xray/store/journal';

const { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } = fs;

let directory: string;
const lines: string[] = [];
const log = (line: string): void => { lines.push(line); };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  lines.length = 0;
});

afterEach(() => rmSync(directory, { recursive: true }));

function open(maxBytes = 1e9): Journal {
  return Journal.open({ directory, maxBytes, rotateBytes: 1e6, log });
}

async function replayed(): Promise<string[]> {
  const journal = open();
  const found: string[] = [];
  journal.replay({ datagram: (payload) => found.push(payload.toString()), trace: (trace) => found.push(`${trace.id}:${trace.documents.toString()}`) });
  await journal.close();
  return found;
}

function logs(): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.log')).sort().map((name) => join(directory, name));
}

test('gives back what was appended, in order, also over several runs', async () => {
  for (const payloads of [['a', 'b'], ['c']]) {
    const journal = open();
    payloads.forEach((payload) => journal.append(Buffer.from(payload)));
    await journal.close();
  }
  expect(await replayed()).toEqual(['a', 'b', 'c']);
});

test.each([1, 5, 8, 11])('after a write that a kill cut off by %i bytes everything before it is back, and it is told', async (bytes) => {
  const journal = open();
  ['first', 'second', 'third'].forEach((payload) => journal.append(Buffer.from(payload)));
  await journal.close();
  const [file] = logs();
  truncateSync(file, statSync(file).size - bytes);
  expect(await replayed()).toEqual(['first', 'second']);
  expect(lines).toEqual([expect.stringMatching(/^the last \d+ bytes of .* were cut off by a kill; everything before them is back$/)]);
});

test('rubbish at the end of a file is not taken for a document', async () => {
  const journal = open();
  journal.append(Buffer.from('first'));
  await journal.close();
  appendFileSync(logs()[0], Buffer.from([5, 0, 0, 0, 1, 2, 3, 4, 104, 101, 108, 108, 111]));
  expect(await replayed()).toEqual(['first']);
});

test('damage in the middle of a file costs what is damaged, and is told', async () => {
  const journal = open();
  ['first', 'second', 'third', 'fourth'].forEach((payload) => journal.append(Buffer.from(payload)));
  await journal.close();
  const bytes = readFileSync(logs()[0]);
  bytes[bytes.indexOf('second')] ^= 0xff;
  writeFileSync(logs()[0], bytes);
  expect(await replayed()).toEqual(['first', 'third', 'fourth']);
  expect(lines).toEqual([expect.stringMatching(/^14 bytes within .* are damaged and were left out; everything around them is back$/)]);
  lines.length = 0;
  bytes.writeUInt32LE(0xffffffff, 0); // a length that cannot be
  writeFileSync(logs()[0], bytes);
  expect(await replayed()).toEqual(['third', 'fourth']);
});

test('a file that cannot be read is told, and the others are', async () => {
  const journal = open();
  journal.append(Buffer.from('a'));
  await journal.close();
  fs.mkdirSync(join(directory, '000000000000001-000001-udp-1-abcdef.log'));
  expect(await replayed()).toEqual(['a']);
  expect(lines).toEqual([expect.stringMatching(/^the traces in 000000000000001-000001-udp-1-abcdef\.log cannot be read: EISDIR/)]);
});

test('after a disk that was full for a while, all that was acknowledged is there', async () => {
  const journal = open();
  journal.append(Buffer.from('before'));
  const { writeSync } = fs;
  // A part of the frame fits still.
  const full = jest.spyOn(fs, 'writeSync')
    .mockImplementationOnce(((fd: number, bytes: Buffer) => writeSync(fd, bytes.subarray(0, 7))) as never)
    .mockImplementationOnce(() => { throw new Error('ENOSPC: no space left on device, write'); });
  expect(() => journal.append(Buffer.from('refused'))).toThrow(new JournalWriteError('the journal cannot be written: ENOSPC: no space left on device, write'));
  full.mockRestore();
  expect(journal.isHealthy).toBe(false);
  journal.append(Buffer.from('after'));
  await journal.close();
  expect(await replayed()).toEqual(['before', 'after']);
  expect(lines).toEqual(['the journal cannot be written, so documents over HTTP are refused: ENOSPC: no space left on device, write']);
});

test('a folder that cannot be used is told with what to do', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => Journal.open({ directory: file, maxBytes: 1, rotateBytes: 1, log }))
    .toThrow(`traces cannot be kept in ${file}: EEXIST: file already exists, mkdir '${file}'; give another folder`);
});

test('a rewrite that fails leaves everything as it is, and so does a folder that is taken away', async () => {
  const journal = open();
  journal.append(Buffer.from('a'));
  const broken = jest.spyOn(fs, 'openSync').mockImplementation(() => { throw new Error('ENOSPC: no space left on device, open'); });
  await journal.compact([]);
  broken.mockRestore();
  expect(lines).toEqual(['the journal could not be rewritten and keeps growing: ENOSPC: no space left on device, open']);
  rmSync(directory, { recursive: true });
  expect(journal.bytes).toBe(0);
  await journal.compact([]);
  await journal.close();
  fs.mkdirSync(directory);
});

test('remains of earlier runs do not pile up', async () => {
  const empty = join(directory, '000000000000001-000001-udp-1-abcdef.log');
  const half = join(directory, '000000000000001-000001~snapshot-1-abcdef.log.tmp');
  writeFileSync(empty, '');
  writeFileSync(half, 'half');
  await open().close();
  expect([fs.existsSync(empty), fs.existsSync(half)]).toEqual([true, true]); // they may be in use
  for (const file of [empty, half]) fs.utimesSync(file, 1, 1);
  await open().close();
  expect([fs.existsSync(empty), fs.existsSync(half)]).toEqual([false, false]);
});

test('is rewritten to what is held, and forgets the rest', async () => {
  const journal = open(100);
  for (let index = 0; index < 50; index += 1) journal.append(Buffer.from(`datagram ${index}`));
  expect(journal.needsCompaction(40)).toBe(true);
  expect(journal.needsCompaction(1e6)).toBe(false);
  const held: SnapshotTrace[] = [{ id: 'kept', isSampled: true, documents: Buffer.from('[{}]') }];
  await journal.compact(held);
  journal.append(Buffer.from('later'));
  await journal.close();
  expect((await replayed()).sort()).toEqual(['kept:[{}]', 'later']);
});

test('keeps files that were begun after what is rewritten', async () => {
  const journal = open();
  journal.append(Buffer.from('old'));
  const later = `${String(Date.now() + 60_000).padStart(15, '0')}-000001-udp-1-abcdef.log`;
  writeFileSync(join(directory, later), '');
  await journal.compact([], later);
  await journal.close();
  expect(logs().map((file) => file.endsWith(later))).toContain(true);
  expect(await replayed()).toEqual([]);
});

test('a rewrite that was killed leaves the old files as they are', async () => {
  const journal = open();
  journal.append(Buffer.from('a'));
  await journal.close();
  writeFileSync(join(directory, '000000000000001-000001~snapshot-1-abcdef.log.tmp'), 'half');
  expect(await replayed()).toEqual(['a']);
});

test('is refused to a second process while the first one runs', async () => {
  const journal = open();
  expect(() => open()).toThrow(`in use by process ${process.pid}`);
  writeFileSync(join(directory, 'lock'), String(process.ppid));
  expect(() => open()).toThrow(`the traces in ${directory} are in use by process ${process.ppid}; stop it, or give another folder`);
  writeFileSync(join(directory, 'lock'), '4194303999'); // no such process: left behind by a kill
  await open().close();
  // The number of a process that was killed may have been given to another one, which has nothing to do with the folder.
  writeFileSync(join(directory, 'lock'), `${process.ppid} an-earlier-start-of-the-machine/1`);
  await open().close();
  await journal.close();
});

const testOnLinux = process.platform === 'linux' ? test : test.skip;

testOnLinux('is not refused for a process that was killed and is not cleared away yet', async () => {
  // A shell that becomes another program never asks for the end of its child.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = await once(parent.stdout, 'data') as [Buffer];
    const pid = Number(line.toString());
    const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    const pause = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 10); });
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'sleep\n') await pause();
    process.kill(pid, 'SIGKILL');
    while (stat()[0] !== 'Z') await pause();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(join(directory, 'lock'), `${pid} ${boot}/${stat()[19]}`);
    await open().close();
  } finally {
    parent.kill();
  }
});

test('settings outlive a restart, and a broken file is kept aside', () => {
  new XraySettings(directory, log).set('groups', [{ name: 'a' }]);
  expect(new XraySettings(directory, log).get('groups', [])).toEqual([{ name: 'a' }]);
  writeFileSync(join(directory, 'settings.json'), '{');
  expect(new XraySettings(directory, log).get('groups', [])).toEqual([]);
  expect(readFileSync(join(directory, 'settings.json.bad'), 'utf8')).toBe('{');
  expect(lines).toEqual([expect.stringMatching(/is not JSON any more/)]);
});
