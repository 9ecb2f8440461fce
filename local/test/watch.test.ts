import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonReporter } from '../src/reporter';
import { redeployOnSave } from '../src/watch';

let folder: string;
beforeEach(() => { folder = realpathSync(mkdtempSync(join(tmpdir(), 'cdk-traced-test-'))); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('deploys what is saved, and not what the CDK CLI writes while it deploys', async () => {
  const abort = new AbortController();
  const deployed: (readonly string[])[] = [];
  const save = (name: string) => writeFileSync(join(folder, name), String(deployed.length));
  class Reporter extends JsonReporter {
    public override watching(): void { save('handler.ts'); }
    public override progress(): void { /* not of interest */ }
    public override redeployed(files: readonly string[]): void {
      deployed.push(files);
      if (deployed.length === 1) save('stack.ts');
      else abort.abort(new Error('stopped'));
    }
  }
  await redeployOnSave({
    appDir: folder, reporter: new Reporter(), signal: abort.signal, redeploy: async () => { for (const name of ['cdk.context.json', 'cdk.out']) save(name); },
  });
  expect(deployed).toEqual([['handler.ts'], ['stack.ts']]);
});
