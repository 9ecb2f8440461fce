// `npm run pictures`: the trace map and a timeline of the sample, as the page shows them, light and dark, into docs/pictures. With --check it only says
// whether the page has changed since they were made.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TestBrowser } from '../local/test/web/browser';

const root = join(__dirname, '..');
const folder = join(root, 'docs', 'pictures');
/** Written last; what the pictures were made from. */
const record = join(folder, 'made-from.txt');
const PICTURES = [['map', 1280, 560], ['timeline', 1280, 800]] as const;
/** Until the map has settled: it is drawn anew when traces arrive. */
const SETTLED_MS = 2500;

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const part of ['local/web/src', 'local/web/styles', 'lambda/xraystarter']) {
    const names = readdirSync(join(root, part), { recursive: true, encoding: 'utf8' }).filter(name => /\.(?:tsx?|css|py|go)$/.test(name)).sort();
    for (const name of names) hash.update(`${part}/${name}`).update(readFileSync(join(root, part, name)));
  }
  return `${hash.digest('hex')}\n`;
}

async function makePictures(): Promise<void> {
  const sample = spawn(process.execPath, ['scripts/start.mjs', '--json', '--no-open', '--cloud-port', '0', '--xray-port', '0', '--web-port', '0'], {
    cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, CDK_TRACED_TRACES: join(root, '.local', 'traces-of-pictures') },
  });
  const browser = await TestBrowser.start();
  try {
    const traces: string[] = [];
    let url = '';
    for await (const line of createInterface({ input: sample.stdout })) {
      const event = JSON.parse(line) as { event: string; id?: string; xray?: string; message?: string };
      if (event.event === 'trace' && event.id) traces.push(event.id);
      if (event.event === 'ready') url = event.xray!;
      if (url) break;
    }
    if (!url) throw new Error('the sample ended before it was ready');
    const [first] = traces.length > 0 ? traces : [((await (await fetch(`${url}/TraceSummaries`, {
      method: 'POST', body: JSON.stringify({ StartTime: Date.now() / 1000 - 600, EndTime: Date.now() / 1000 }),
    })).json()) as { TraceSummaries: { Id: string }[] }).TraceSummaries[0].Id];
    mkdirSync(folder, { recursive: true });
    for (const isDark of [false, true]) {
      for (const [name, width, height] of PICTURES) {
        const page = await browser.open(name === 'map' ? `${url}/#/map` : `${url}/#/traces/${first}`, { width, height, isDark });
        await new Promise(resolve => setTimeout(resolve, SETTLED_MS));
        await page.screenshot({ path: join(folder, `${name}-${isDark ? 'dark' : 'light'}.png`) as `${string}.png` });
        await page.close();
      }
    }
    writeFileSync(record, fingerprint());
  } finally {
    await browser.close();
    sample.kill();
    await new Promise(resolve => sample.once('exit', resolve));
  }
}

if (process.argv.includes('--check')) {
  const isCurrent = existsSync(record) && readFileSync(record, 'utf8') === fingerprint() && PICTURES.every(([name]) => existsSync(join(folder, `${name}-light.png`)));
  if (!isCurrent) {
    console.error("the page or the sample has changed since the pictures in docs/pictures were made; run 'npm run pictures', and look at them");
    process.exitCode = 1;
  }
} else {
  makePictures().catch((error: Error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
