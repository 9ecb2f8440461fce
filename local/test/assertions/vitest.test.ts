import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sampleTrace } from '../xray/sample-trace';
import { startWithClient, stopAll } from '../xray/xray-client';

afterEach(stopAll);

test('the trace assertions work under Vitest', async () => {
  const { xray } = await startWithClient();
  const body = JSON.stringify({ TraceSegmentDocuments: sampleTrace().map((document) => JSON.stringify(document)) });
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body });
  const local = join(__dirname, '../..');
  const { stdout } = await promisify(execFile)(process.execPath, [
    require.resolve('vitest/vitest.mjs'), 'run', '--root', local, '--config', join(__dirname, 'vitest/vitest.config.mts'), '--no-color',
  ], { env: { ...process.env, XRAY_URL: xray.url, CI: 'true' }, cwd: local }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${error.stdout}\n${error.stderr}`);
  });
  expect(stdout).toMatch(/Tests\s+2 passed \(2\)/);
});
