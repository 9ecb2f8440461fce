/// <reference lib="dom" />
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'puppeteer-core';
import { TestBrowser } from './browser';
import { LogService } from './log-service';
import { traceIdOf, Upload, uploadDocuments } from './sample-documents';
import { addLogRoutes } from '../../src/function-logs/log-routes';
import { startXray, Xray } from '../../src/xray';

jest.setTimeout(120_000);

const LOCAL = join(__dirname, '../..');
const SCREENSHOTS = join(LOCAL, 'dist/screenshots');
const PYTHON_FILTER = 'service(id(name: "xraystarter-py", type: "AWS::Lambda"))';

const now = Math.floor(Date.now() / 1000);
const KEYS = ['a b.txt', 'ä/ö+%41.txt', 'x//y', '100%.txt'];
/** Uploads of the last half hour; the fourth meets a Python function that lacks a module. */
const uploads: Upload[] = Array.from({ length: 12 }, (_, index) => ({
  at: now - 1800 + index * 100,
  number: index + 1,
  key: KEYS[index % KEYS.length],
  isCold: index % 6 === 0,
  isPythonBroken: index === 3,
  slowness: 1 + (index % 5),
}));
/** These uploads alone, whatever other tests send. */
const range = `${(now - 1900) * 1000}-${(now - 600) * 1000}`;
const cold = uploads[6];
const broken = uploads[3];

let browser: TestBrowser;
let xray: Xray;
let logs: LogService;
let webDir: string;

beforeAll(async () => {
  webDir = mkdtempSync(join(tmpdir(), 'cdk-traced-page-'));
  execFileSync(process.execPath, [join(LOCAL, '../scripts/build-web.mjs'), webDir], { stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(SCREENSHOTS, { recursive: true });
  logs = await LogService.start();
  xray = await startXray({
    udpPort: 0,
    httpPort: 0,
    webDir,
    addRoutes: (server, store) => addLogRoutes(server, { traceById: id => store.trace(id), cloudEndpoint: () => logs.endpoint }),
  });
  for (const upload of uploads) await send(upload);
  browser = await TestBrowser.start();
});

afterEach(() => browser.closePages());

afterAll(async () => {
  await browser?.close();
  await xray?.close();
  await logs?.close();
  rmSync(webDir, { recursive: true, force: true });
});

async function send(upload: Upload): Promise<void> {
  logs.log(upload);
  await put(uploadDocuments(upload));
}

async function put(documents: object[], url = xray.url): Promise<void> {
  const response = await fetch(`${url}/TraceSegments`, {
    method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)) }),
  });
  expect(await response.json()).toEqual({ UnprocessedTraceSegments: [] });
}

const open = (hash: string, look?: Parameters<TestBrowser['open']>[1]): Promise<Page> => browser.open(`${xray.url}/${hash}`, look);
const text = (page: Page, selector: string): Promise<string> => page.$eval(selector, (element) => (element as HTMLElement).innerText);
const texts = (page: Page, selector: string): Promise<string[]> => (
  page.$$eval(selector, (elements) => elements.map((element) => (element as HTMLElement).innerText))
);
const hash = (page: Page): string => decodeURIComponent(new URL(page.url()).hash.replace(/\+/g, ' '));
const waitForText = (page: Page, selector: string, part: string): Promise<unknown> => page.waitForFunction(
  (css, wanted) => Array.from(document.querySelectorAll(css)).some((element) => element.textContent?.includes(wanted)), {}, selector, part,
);
const waitForRows = (page: Page, count: number): Promise<unknown> => page.waitForFunction(
  (wanted) => document.querySelectorAll('.traces-table tbody tr').length === wanted, {}, count,
);
/** The label of what has the focus. */
const focused = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
/** Clicks the row of the segments timeline that begins so. */
const clickRow = async (page: Page, start: string): Promise<void> => {
  const row = await page.waitForSelector(`xpath/.//*[@role="row" and starts-with(normalize-space(.), "${start}")]`);
  // Not under the header, which stays in place.
  await row!.evaluate((element) => (element as Element).scrollIntoView({ block: 'center' }));
  await row!.click();
};

describe('trace map', () => {
  let page: Page;
  beforeEach(async () => {
    page = await open('');
    await page.waitForSelector('.node');
  });

  test('draws services by name and type, and who calls whom', async () => {
    const nodes = await page.$$eval('.node', (elements) => elements.map((element) => `${element.getAttribute('data-name')} ${element.getAttribute('data-type')}`));
    expect(nodes.sort()).toEqual([
      'Client client', 'items AWS::DynamoDB::Table', 'xraystarter-go AWS::Lambda', 'xraystarter-go AWS::Lambda::Function', 'xraystarter-py AWS::Lambda',
      'xraystarter-py AWS::Lambda::Function', 'xraystarter-ts AWS::Lambda', 'xraystarter-ts AWS::Lambda::Function', 'xraystarter-uploads AWS::SNS',
    ]);
    const edges = await page.$$eval('.edge', (elements) => elements.map((element) => `${element.getAttribute('data-from')} > ${element.getAttribute('data-to')}`));
    expect(edges).toHaveLength(10);
    expect(edges).toEqual(expect.arrayContaining([
      'AWS::SNS/xraystarter-uploads > AWS::Lambda/xraystarter-ts', 'AWS::Lambda/xraystarter-ts > AWS::Lambda::Function/xraystarter-ts',
      'AWS::Lambda::Function/xraystarter-ts > AWS::DynamoDB::Table/items',
    ]));
    // 11 uploads with one attempt, one with three.
    const label = await page.$eval('[data-name="xraystarter-py"][data-type="AWS::Lambda::Function"]', (element) => element.getAttribute('aria-label'));
    expect(label).toMatch(/^xraystarter-py AWS::Lambda::Function [\d.]+ ms · 14 req · 21 % faults$/);
    expect(await page.$$eval('.edge-label', (labels) => labels.every((one) => /^[\d.]+ m?s[\d,]+ req$/.test(one.textContent ?? '')))).toBe(true);
  });

  test('a click on a service filters the traces by it, and has an address', async () => {
    await page.click('[data-name="xraystarter-py"][data-type="AWS::Lambda::Function"] .node-disc');
    await waitForText(page, '.selection-panel code', 'service(id(name: "xraystarter-py", type: "AWS::Lambda::Function"))');
    await page.waitForSelector('.selection-panel .trace-line');
    expect(hash(page)).toBe('#/map?node=AWS::Lambda::Function/xraystarter-py');
    expect(await texts(page, '.selection-panel .outcomes li')).toEqual(expect.arrayContaining([expect.stringMatching(/Fault\s*3\s*21 %/)]));

    await page.click('xpath/.//a[text()="Faults"]');
    await waitForRows(page, 1);
    expect(hash(page)).toBe('#/traces?filter=service(id(name: "xraystarter-py", type: "AWS::Lambda::Function")) { fault }');
    await page.goBack();
    await page.waitForSelector('.selection-panel');
    await page.click('[aria-label="Close panel"]');
    expect(await page.$('.selection-panel')).toBeNull();
    // Whoever closes the panel goes on where it was opened.
    expect(await focused(page)).toMatch(/^xraystarter-py AWS::Lambda::Function/);
  });

  test('an edge is selected by the panel of its ends', async () => {
    const shared = await open('#/map?node=AWS::SNS/xraystarter-uploads');
    await shared.waitForSelector('.neighbour');
    await shared.click('xpath/.//button[contains(@class, "neighbour") and contains(., "xraystarter-go")]');
    await waitForText(shared, '.selection-panel code', 'edge(id(name: "xraystarter-uploads", type: "AWS::SNS"), id(name: "xraystarter-go", type: "AWS::Lambda"))');
    await shared.waitForSelector('.selection-panel .trace-line');
  });

  test('is walked by arrow keys, with one stop of the Tab key', async () => {
    expect(await page.$$eval('.node[tabindex="0"]', (nodes) => nodes.length)).toBe(1);
    await page.$eval('.node[tabindex="0"]', (node) => (node as SVGElement).focus());
    expect(await focused(page)).toBe('Client');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^xraystarter-uploads AWS::SNS/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^xraystarter-\w+ AWS::Lambda::Function/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.selection-panel');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.selection-panel') === null);
  });
});

describe('traces', () => {
  let page: Page;
  beforeEach(async () => {
    page = await open(`#/traces?range=${range}`);
    await waitForRows(page, uploads.length);
  });

  test('are listed with id, start, duration, response and annotations, the newest first', async () => {
    const ids = await texts(page, '.row-link');
    expect(ids).toEqual([...uploads].reverse().map(traceIdOf));
    const [newest] = await texts(page, '.traces-table tbody tr');
    expect(newest).toMatch(/OK 200[\s\S]*xraystarter-uploads[\s\S]*\d ms[\s\S]*\d ms[\s\S]*\d+ min ago[\s\S]*key\s*100%\.txt/);
    const failed = await page.$eval(`[href*="${traceIdOf(broken)}"]`, (link) => link.closest('tr')?.querySelector('.badge')?.getAttribute('title'));
    expect(failed).toContain("Fault in xraystarter-py\nRuntime.ImportModuleError: Unable to import module 'app': No module named 'aws_xray_sdk'");
  });

  test('are filtered by an expression that is typed', async () => {
    await page.type('.filter-input', `${PYTHON_FILTER} { fault }`);
    await page.keyboard.press('Enter');
    // All AWS::Lambda segments answered 202: the fault is the function's.
    await waitForText(page, '.notice h2', 'No trace fits the filter');
    await page.keyboard.press('Escape');
    await waitForRows(page, uploads.length);
    await page.type('.filter-input', PYTHON_FILTER);
    await page.keyboard.press('Enter');
    await waitForText(page, '.traces h2', `${uploads.length} traces, of ${uploads.length}`);
    expect(hash(page)).toBe(`#/traces?filter=${PYTHON_FILTER}&range=${range}`);
  });

  test('a wrong expression is told with its position and what was expected', async () => {
    // As it is shared, with a space after it.
    const wrong = await open(`#/traces?filter=${encodeURIComponent('service("x") { ')}`);
    await wrong.waitForSelector('.filter-error');
    expect(await text(wrong, '.filter-error p')).toMatch(/position 16: expected .* but found the end/);
    expect(await wrong.$eval('.filter-input', (input) => input.getAttribute('aria-invalid'))).toBe('true');
    // The API refuses it, and the browser says so by itself.
    browser.complaints.splice(0).forEach((complaint) => expect(complaint).toContain('status of 400'));
  });

  test('examples of the language are put into the box', async () => {
    await page.click('.syntax-button');
    await page.click('xpath/.//button[@class="example" and starts-with(., "edge(")]');
    expect(await page.$eval('.filter-input', (input) => (input as HTMLInputElement).value)).toBe('edge("xraystarter-go", "items")');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('edge'));
    await waitForText(page, '.traces h2', `${uploads.length} traces, of ${uploads.length}`);
  });

  test('are narrowed by a bar of the histogram and by an annotation', async () => {
    await page.waitForSelector('.histogram .bar');
    await page.$$eval('.histogram .bar', (bars) => (bars.find((bar) => bar.querySelector('.fill-ok') !== null) as SVGElement).focus());
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('responsetime'));
    // The rows before the choice are shown until the answer has come.
    await page.waitForFunction(all => {
      const rows = document.querySelectorAll('.row-link').length;
      return rows > 0 && rows < all;
    }, {}, uploads.length);
    // The bars are others now, and the focus is still on that which was chosen.
    const [chosen, note] = await page.evaluate(() => [document.activeElement?.getAttribute('aria-label'), document.querySelector('.histogram-note')?.textContent]);
    expect(chosen).toMatch(/: [1-9]\d*$/);
    expect(note).toBe(chosen);
    await page.click('.chip.annotation');
    await page.waitForFunction(() => location.hash.includes('annotation.key'));
  });

  test('an id that is typed leads to its trace, and the way back to the filter', async () => {
    await page.type('.filter-input', 'ok');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('filter=ok'));
    await page.click('.filter-input', { count: 3 });
    await page.type('.filter-input', `XRAY TraceId: ${traceIdOf(cold).toUpperCase()} SegmentId: 0`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.grid-row');
    expect(hash(page)).toBe(`#/traces/${traceIdOf(cold)}?range=${range}`);
    expect(await page.$eval('.back', (link) => link.getAttribute('href'))).toContain('filter=ok');
  });

  test('who goes back to the list finds it where it was left', async () => {
    await page.setViewport({ width: 1600, height: 300 });
    await page.evaluate(() => scrollTo(0, 250));
    await page.waitForFunction(() => (history.state as { list?: { top: number } } | null)?.list?.top === 250);
    await page.$eval(`[href*="${traceIdOf(cold)}"]`, (link) => (link as HTMLElement).click());
    await page.waitForSelector('.grid-row');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('view');
    await page.goBack();
    await page.waitForFunction(() => scrollY === 250);
    await page.reload();
    await page.waitForFunction(() => scrollY === 250);
    await page.click('nav a[href^="#/map"]');
    await page.waitForSelector('.node');
    await page.click('nav a[href^="#/traces"]');
    await waitForRows(page, uploads.length);
    expect(await page.evaluate(() => scrollY)).toBe(0);
  });

  test('appear by themselves, unless the page is paused', async () => {
    const live = await open('#/traces?range=5m');
    await waitForText(live, '.notice h2', 'No traces');
    await live.waitForSelector('.live-open');
    const first = { at: now, number: 900 };
    await send(first);
    await waitForText(live, '.row-link', traceIdOf(first));

    await live.click('.live');
    await live.waitForSelector('.live-paused');
    const second = { at: now + 1, number: 901 };
    await send(second);
    expect(await texts(live, '.row-link')).toEqual([traceIdOf(first)]);
    await live.click('.live');
    await waitForText(live, '.row-link', traceIdOf(second));
  });
});

describe('segments timeline', () => {
  test('shows the trace as a tree, and everything of a segment beside it', async () => {
    const page = await open('#/traces');
    await page.waitForSelector('.row-link');
    await page.click(`[href*="${traceIdOf(cold)}"]`);
    await page.waitForSelector('.grid-row');
    expect(await page.$$eval('.grid-row', (rows) => rows.slice(0, 10).map((one) => `${one.getAttribute('aria-level')} ${one.querySelector('.row-name')?.textContent}`))).toEqual([
      '1 xraystarter-uploads', '2 xraystarter-ts', '3 Dwell Time', '3 Attempt #1', '4 xraystarter-ts', '5 Initialization', '5 Invocation',
      '6 ## handler', '7 DynamoDB', '5 Overhead',
    ]);
    expect(await page.$$eval('.badge.cold', (badges) => badges.length)).toBe(3);

    await clickRow(page, 'DynamoDB');
    await page.waitForSelector('.segment-panel');
    const panel = await text(page, '.segment-panel');
    expect(panel).toMatch(/operation\s*UpdateItem/);
    expect(panel).toMatch(/table_name\s*items/);
    expect(panel).toMatch(/On the map\s*items AWS::DynamoDB::Table/);
    expect(page.url()).toMatch(/segment=[0-9a-f]{16}/);
    await page.click('.segment-panel details:last-child summary');
    expect(JSON.parse(await text(page, '.segment-panel details:last-child pre'))).toMatchObject({ name: 'DynamoDB', aws: { table_name: 'items' } });

    await clickRow(page, '## handler');
    await waitForText(page, '.segment-panel h2', '## handler');
    expect(await text(page, '.segment-panel')).toMatch(/key\s*x\/\/y[\s\S]*"bucket": "xraystarter-incoming"/);
  });

  test('is worked by keys', async () => {
    const page = await open(`#/traces/${traceIdOf(cold)}`);
    await page.waitForSelector('.grid-row');
    await page.$eval('.grid-row[tabindex="0"]', (first) => (first as HTMLElement).focus());
    const rows = await page.$$('.grid-row');
    for (const key of ['ArrowDown', 'ArrowLeft'] as const) await page.keyboard.press(key);
    await page.waitForFunction((count) => document.querySelectorAll('.grid-row').length === count, {}, rows.length - 8);
    await page.keyboard.press('ArrowRight');
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter'] as const) await page.keyboard.press(key);
    await waitForText(page, '.segment-panel h2', 'Initialization');
    await page.keyboard.press('z');
    await waitForText(page, '.section-bar .button', 'Whole trace');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.segment-panel') === null);
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('grid-row');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.segment-panel');
    await page.focus('.segment-panel summary');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.segment-panel') === null);
    expect(await page.evaluate(() => document.activeElement?.querySelector(':scope.grid-row .row-name')?.textContent)).toBe('Initialization');
  });

  test('a start that failed three times is explained by its exception and its log', async () => {
    const page = await open(`#/traces/${traceIdOf(broken)}`);
    await page.waitForSelector('.grid-row');
    const names = (await texts(page, '.row-name')).filter((name) => name.startsWith('Attempt'));
    expect(names).toEqual(['Attempt #1', 'Attempt #1', 'Attempt #2', 'Attempt #3', 'Attempt #1']);
    await clickRow(page, 'xraystarter-pyAWS::Lambda::Function');
    await page.waitForSelector('.exception');
    expect(await text(page, '.exception')).toMatch(/Runtime\.ImportModuleError[\s\S]*No module named 'aws_xray_sdk'[\s\S]*import_module.*__init__\.py:88/);

    await page.waitForSelector('.log-line');
    await page.click('xpath/.//section[@aria-label="Logs"]//button[text()="xraystarter-py"]');
    await page.waitForFunction(() => document.querySelectorAll('.log-function').length === 0);
    const errors = await texts(page, '.log-line.level-error.part-start');
    expect(errors).toHaveLength(3);
    expect(errors[0]).toContain("[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'aws_xray_sdk'");
    expect(errors[0]).toContain('before the request');
  });

  test('a trace that has not come is waited for', async () => {
    const late = { at: now - 60, number: 910 };
    const page = await open(`#/traces/${traceIdOf(late)}`);
    await waitForText(page, '.notice h2', 'This trace is not here');
    await page.waitForSelector('.live-open');
    await send(late);
    await page.waitForSelector('.grid-row');
  });
});

test.each([
  ['#/map?node=AWS::SNS/gone', '.not-here', 'gone AWS::SNS is not on the map: last hour'],
  ['#/map?node=AWS::SNS/xraystarter-uploads&to=AWS::Lambda/gone', '.not-here', 'A call of gone AWS::Lambda by xraystarter-uploads AWS::SNS is not on the map'],
  ['#/map?range=1-2', '.notice h2', 'No traces: 1970-01-01'],
  ['#/traces/nonsense', '.notice h2', 'This is not the id of a trace'],
  [`#/traces/${traceIdOf(cold)}?segment=ffffffffffffffff`, '.not-here', 'The segment ffffffffffffffff of this address is not in the trace'],
  ['#/nowhere', '.notice h1', 'There is no view “nowhere”'],
])('the address %s says what is wrong with it', async (address, selector, words) => {
  await waitForText(await open(address), selector, words);
});

test('says when X-Ray does not answer, and goes on when it is back', async () => {
  let other = await startXray({ udpPort: 0, httpPort: 0, webDir });
  const { httpPort, url } = other;
  const page = await browser.open(`${url}/#/traces`);
  try {
    // With no trace anywhere, no other range has any.
    await waitForText(page, '.notice h2', 'No traces yet');
    expect(await page.$('.notice .button')).toBeNull();
    await other.close();
    await waitForText(page, '.connection-notice', 'does not answer');
    other = await startXray({ udpPort: 0, httpPort, webDir });
    const upload = { at: now - 10, number: 930 };
    await put(uploadDocuments(upload), url);
    await waitForText(page, '.row-link', traceIdOf(upload));
    expect(await page.$('.connection-notice')).toBeNull();
  } finally {
    await page.close();
    await other.close();
    browser.requests.splice(0, browser.requests.length, ...browser.requests.filter((address) => !address.startsWith(url)));
    browser.complaints.splice(0, browser.complaints.length, ...browser.complaints.filter((complaint) => !complaint.includes('ERR_')));
  }
});

test('text of traces is never markup, and however long it is, nothing sticks out', async () => {
  const evil = `<img src="https://example.com/x" onerror="alert(1)"><script>alert(2)</script>${'and on '.repeat(14)}`;
  const upload = { at: now - 30, number: 920, key: evil };
  const documents = uploadDocuments(upload).map((document) => ({
    ...document, name: document.name.startsWith('##') ? evil : document.name, ...(document.annotations === undefined ? {} : { http: { request: { url: 'javascript:alert(3)', method: evil } } }),
  }));
  await put(documents);
  const page = await open(`#/traces/${traceIdOf(upload)}`);
  await clickRow(page, '<img');
  await waitForText(page, '.segment-panel h2', evil);
  expect(await page.$$eval('img[onerror], .view script, a[href^="javascript:"]', (found) => found.length)).toBe(0);
  await page.goto(`${xray.url}/#/traces?filter=${encodeURIComponent(`annotation.key = ${JSON.stringify(evil)}`)}`);
  await waitForText(page, '.chip.annotation', '<img');
  for (const width of [1600, 1100, 800, 390]) {
    await page.setViewport({ width, height: 800 });
    expect(await page.$eval('.table-frame', (frame) => Array.from(frame.querySelectorAll('.chip, td')).filter((part) => (
      part.getBoundingClientRect().right > frame.getBoundingClientRect().right)).length)).toBe(0);
  }
});

test('what the collector refused is shown with its reason', async () => {
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: ['{"name":"no id"}'] }) });
  const page = await open('#/collector');
  await waitForText(page, 'td', 'trace_id is missing');
  expect(await text(page, '.collector-link')).toContain('1 document refused');
});

/** What axe-core finds wrong with a page: rules with the first elements that break them. */
async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`)].join('\n'));
}

describe('looks', () => {
  const views = { map: '', traces: '#/traces', trace: `#/traces/${traceIdOf(broken)}` };
  const looks = { 'light': {}, 'dark': { isDark: true }, '390': { width: 390, height: 844 }, '390-dark': { width: 390, height: 844, isDark: true } };
  const ready = { map: '.node', traces: '.row-link', trace: '.log-line' };

  for (const [look, options] of Object.entries(looks)) {
    test.each(Object.keys(views) as (keyof typeof views)[])(`%s, ${look}: nothing sticks out, and assistive technology can read it`, async (view) => {
      const page = await open(views[view], options);
      await page.waitForSelector(ready[view]);
      if (view === 'trace') await clickRow(page, 'xraystarter-pyAWS::Lambda::Function');
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
      expect(await violationsIn(page)).toEqual([]);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(SCREENSHOTS, `${view}-${look}.png`) as `${string}.png`, fullPage: view === 'trace' });
    });
  }

  test('the chosen colours outlast a reload', async () => {
    const page = await open('#/collector');
    await page.click('[aria-label^="Colours: the system"]');
    await page.click('[aria-label^="Colours: light"]');
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe('dark');
    await page.evaluate(() => localStorage.clear());
  });
});

test('no request left this machine, and no page complained', () => {
  expect([...new Set(browser.requests.map((address) => new URL(address).origin))]).toEqual([xray.url]);
  expect(browser.complaints).toEqual([]);
});
