import * as fs from 'fs';
import * as path from 'path';
import { zipSync } from 'fflate';
import { bundleNodejsCaptureLayer } from '../../../lib/private/runner/nodejs/capture-layer';
import { bundlePythonCaptureLayer } from '../../../lib/private/runner/python/capture-layer';
import { temporaryFolder } from '../../test-app';

function zipped(folder: string): number {
  const files = (fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })).filter(name => fs.statSync(path.join(folder, name)).isFile());
  return zipSync(Object.fromEntries(files.map(name => [name, new Uint8Array(fs.readFileSync(path.join(folder, name)))]))).length;
}

test.each<[string, number, (job: { outputDir: string }) => Promise<unknown>]>([
  ['Node.js', 20_000, bundleNodejsCaptureLayer],
  ['Python', 60_000, bundlePythonCaptureLayer],
])('the layer for %s has at most %i bytes zipped', async (_, limit, bundle) => {
  const outputDir = temporaryFolder();
  await bundle({ outputDir });
  const size = zipped(outputDir);
  expect(size).toBeGreaterThan(1_000);
  expect(size).toBeLessThanOrEqual(limit);
});
