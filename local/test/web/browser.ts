import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, launch, Page } from 'puppeteer-core';

/** No start page, no updates, no reports home: nothing that the test did not ask for. */
const QUIET = [
  '--no-first-run', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/** A headless Chromium with an empty profile, and what its pages asked for and complained about. */
export class TestBrowser {
  /** The Chromium of `@sparticuz/chromium` where there is one (Linux, x64), else the Chrome that is installed. */
  static async start(): Promise<TestBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-browser-'));
    try {
      const isPacked = process.platform === 'linux' && process.arch === 'x64';
      const chromium = isPacked ? unpack(join(folder, 'chromium')) : undefined;
      const browser = await launch({
        ...(chromium === undefined ? { channel: 'chrome' as const } : { executablePath: chromium.path, env: { ...process.env, ...chromium.environment } }),
        headless: 'shell',
        args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', ...QUIET],
        userDataDir: join(folder, 'profile'),
      });
      return new TestBrowser(browser, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Addresses that pages asked for. */
  readonly requests: string[] = [];
  /** Errors and warnings of pages' consoles, uncaught errors, and failed requests. */
  readonly complaints: string[] = [];

  private constructor(private readonly browser: Browser, private readonly folder: string) {}

  async open(address: string, { width = 1600, height = 900, isDark = false } = {}): Promise<Page> {
    const page = await this.browser.newPage();
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    page.setDefaultTimeout(20_000);
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('requestfailed', (request) => {
      // Requests that the page itself no longer wants, as when it is left.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') this.complaints.push(`${request.url()}: ${request.failure()?.errorText}`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warn', 'assert'].includes(message.type())) this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(address, { waitUntil: 'load' });
    return page;
  }

  async closePages(): Promise<void> {
    for (const page of await this.browser.pages()) await page.close();
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Prints where Chromium is, once it is unpacked. */
const UNPACK = "require('@sparticuz/chromium').executablePath().then(path => process.stdout.write(path))";

/**
 * Unpacks Chromium with its libraries and fonts into a folder. In a process of its own: the package looks at the environment to find the
 * folder for temporary files, which it unpacks to, and to see whether it is on Lambda, where it brings its libraries along.
 */
function unpack(folder: string): { path: string; environment: NodeJS.ProcessEnv } {
  mkdirSync(folder);
  const env = { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' };
  const path = execFileSync(process.execPath, ['-e', UNPACK], { cwd: __dirname, env, encoding: 'utf8' });
  const fonts = join(folder, 'fonts');
  // Its list of folders with fonts is that of Lambda; without any font, form controls end the browser.
  const settings = join(fonts, 'fonts.conf');
  const fixed = readFileSync(settings, 'utf8').replace('<dir>', `<dir>${join(fonts, 'fonts')}</dir><dir>`).replace('/tmp/fonts-cache/', `${fonts}-cache`);
  writeFileSync(settings, fixed);
  return { path, environment: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_PATH: fonts } };
}
