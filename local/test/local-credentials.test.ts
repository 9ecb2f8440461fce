import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { useLocalCredentials } from '../src/local-credentials';

const before = { ...process.env };
let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-')); });
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, before);
});

it('leaves nothing of the user\'s to the clients: no variable, no profile, no setting of the configuration file', async () => {
  const config = join(folder, 'config');
  writeFileSync(config, '[default]\nregion = eu-west-1\nuse_fips_endpoint = true\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://127.0.0.1:9\n');
  Object.assign(process.env, { AWS_CONFIG_FILE: config, AWS_PROFILE: 'default', AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_USE_FIPS_ENDPOINT: 'true' });
  useLocalCredentials();
  const { config: settings } = new S3Client({});
  expect(await settings.useFipsEndpoint()).toBe(false);
  expect(await settings.region()).toBe('us-east-1');
  expect(await settings.credentials()).toMatchObject({ accessKeyId: 'test' });
  expect(Object.keys(process.env).filter(name => /PROFILE|ENDPOINT|SESSION/.test(name) && name.startsWith('AWS_'))).toEqual([]);
});
