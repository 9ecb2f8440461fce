/* eslint-disable import/no-extraneous-dependencies -- the root project's, with which apps are made */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, DefaultStackSynthesizer, LegacyStackSynthesizer, Stack, Stage } from 'aws-cdk-lib';
import { appEnvironments, appStacks } from '../src/app-environments';

let folder: string;
const { CDK_VALIDATION: validation } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  process.env.CDK_VALIDATION = 'false'; // these stacks are empty on purpose
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (validation === undefined) delete process.env.CDK_VALIDATION;
  else process.env.CDK_VALIDATION = validation;
});

describe('the environments of an app', () => {
  it('are those of all its stacks, also in stages, each once', () => {
    const app = new App({ outdir: folder });
    new Stack(app, 'Agnostic');
    new Stack(app, 'Region', { env: { region: 'eu-west-1' } });
    const stage = new Stage(app, 'Prod', { env: { account: '111122223333', region: 'eu-central-1' } });
    new Stack(stage, 'One');
    new Stack(stage, 'Two');
    new Stack(stage, 'Old', { synthesizer: new LegacyStackSynthesizer() });
    new Stack(app, 'Qualified', { synthesizer: new DefaultStackSynthesizer({ qualifier: 'mine' }) });
    app.synth();
    expect(appEnvironments(folder).map(({ account, region, qualifier }) => `${account} ${region} ${qualifier}`).sort()).toEqual([
      '000000000000 eu-west-1 hnb659fds', '000000000000 us-east-1 hnb659fds', '000000000000 us-east-1 mine', '111122223333 eu-central-1 hnb659fds',
    ]);
    expect(appStacks(folder).map(({ name, displayName }) => `${name} | ${displayName}`)).toContain('Prod-One | Prod/One (Prod-One)');
  });

  it('are none where there is no assembly, or one without artifacts', () => {
    expect(appEnvironments(join(folder, 'nothing'))).toEqual([]);
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty', 'manifest.json'), '{"version":"1"}');
    expect(appEnvironments(join(folder, 'empty'))).toEqual([]);
  });
});
