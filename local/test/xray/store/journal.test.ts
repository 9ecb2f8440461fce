import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XraySettings } from '../../../src/xray/settings/xray-settings';
import { Journal, SnapshotTrace } from '../../../src/xray/store/journal';

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
  writeFileSync(join(directory, 'lock'), String(process.ppid));
  expect(() => open()).toThrow(`the traces in ${directory} are in use by process ${process.ppid}; stop it, or give another folder`);
  writeFileSync(join(directory, 'lock'), '4194303999'); // no such process: left behind by a kill
  await open().close();
  await journal.close();
});

test('settings outlive a restart, and a broken file is kept aside', () => {
  new XraySettings(directory, log).set('groups', [{ name: 'a' }]);
  expect(new XraySettings(directory, log).get('groups', [])).toEqual([{ name: 'a' }]);
  writeFileSync(join(directory, 'settings.json'), '{');
  expect(new XraySettings(directory, log).get('groups', [])).toEqual([]);
  expect(readFileSync(join(directory, 'settings.json.bad'), 'utf8')).toBe('{');
  expect(lines).toEqual([expect.stringMatching(/is not JSON any more/)]);
});
