import { XRayClient } from '@aws-sdk/client-xray';
import { startXray, Xray, XrayOptions } from '../../src/xray';

// Sockets, threads and processes on a machine that may be busy: the bound is for what hangs, not for what is slow.
jest.setTimeout(180_000);

const running: { close(): Promise<void> | void; destroy?(): void }[] = [];

/** An X-Ray on free ports, and the real SDK client with nothing but the endpoint set. `stopAll` in `afterEach` ends both. */
export async function startWithClient(options: Partial<XrayOptions> = {}): Promise<{ xray: Xray; client: XRayClient }> {
  const xray = await startXray({ udpPort: 0, httpPort: 0, ...options });
  const client = new XRayClient({
    endpoint: xray.url, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1,
  });
  running.push(xray, { close: () => client.destroy() });
  return { xray, client };
}

export async function stopAll(): Promise<void> {
  for (const one of running.splice(0).reverse()) await one.close();
}

/** Waits until `check` is true; fails after a minute with what was waited for. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!await check()) {
    if (Date.now() > end) throw new Error(`waited 60 seconds for: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}
