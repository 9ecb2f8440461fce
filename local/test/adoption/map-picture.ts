// Makes the pictures of the README's second example: `node --import tsx local/test/adoption/map-picture.ts`. Deploys shop/app.ts locally, orders a few times, and takes the map.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_DIR } from '../../src/project-folders';
import { TestBrowser } from '../web/browser';

const IMAGES = join(PROJECT_DIR, 'docs', 'images');
const ORDERS = 8;

interface Ready {
  readonly event: string;
  readonly message?: string;
  readonly xray: string;
  readonly stacks: Record<string, Record<string, string>>;
}

const launcher = spawn(process.execPath, [
  join(PROJECT_DIR, 'local', 'bin', 'cdk-traced-local.mjs'), '--json', '--no-open', '--no-trace-all', '--cloud-port', '0', '--xray-port', '0', '--web-port', '0',
  '--app', 'node --import tsx local/test/adoption/shop/app.ts',
], { cwd: PROJECT_DIR, stdio: ['ignore', 'pipe', 'inherit'] });

async function main(): Promise<void> {
  const { xray: address, stacks } = await ready();
  const api = Object.entries(stacks.shop).find(([name]) => name.startsWith('ApiEndpoint'))![1];
  for (let order = 0; order < ORDERS; order++) {
    const root = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
    await fetch(api, { method: 'POST', headers: { 'X-Amzn-Trace-Id': `Root=${root};Sampled=1` } });
  }
  await new Promise(resolve => { setTimeout(resolve, 5_000); });
  mkdirSync(IMAGES, { recursive: true });
  const browser = await TestBrowser.start();
  try {
    for (const isDark of [false, true]) {
      const page = await browser.open(address, { width: 1_280, height: 336, isDark });
      await page.waitForSelector('.map-frame svg');
      await new Promise(resolve => { setTimeout(resolve, 1_000); });
      const map = (await page.$('.map-frame'))!;
      await map.screenshot({ path: join(IMAGES, `one-line-${isDark ? 'dark' : 'light'}.png`) });
    }
  } finally {
    await browser.close();
  }
}

async function ready(): Promise<Ready> {
  for await (const line of createInterface(launcher.stdout)) {
    const told = JSON.parse(line) as Ready;
    if (told.event === 'ready') return told;
    if (told.message) console.error(told.message);
  }
  throw new Error('the launcher ended before the app was deployed');
}

main().then(() => 0, (error: Error) => {
  console.error(error.message);
  return 1;
}).then(code => {
  process.exitCode = code;
  launcher.kill('SIGINT');
}).catch(() => undefined);
