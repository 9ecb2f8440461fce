// Projects of the synth benchmark, and what their synths take.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
export const root = dirname(dirname(folder));

/** A project with functions in TypeScript, and a cache of its own. It is gone when `use` has ended. */
export async function withProject(size, use) {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  try {
    mkdirSync(join(directory, 'functions'));
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'package.json'), '{"name":"bench","private":true}');
    writeFileSync(join(directory, 'package-lock.json'), '{"name":"bench","lockfileVersion":3,"packages":{}}');
    for (let i = 0; i < size; i++) writeFunction(directory, i, 'first');
    return await use(new SynthProject(directory, size));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

class SynthProject {
  constructor(directory, size) {
    this.directory = directory;
    this.size = size;
  }

  changeOne(note) {
    writeFunction(this.directory, 0, note);
  }

  /** Forgets what earlier synths made. */
  clean() {
    for (const name of ['cache', 'cdk.out']) rmSync(join(this.directory, name), { recursive: true, force: true });
  }

  /**
   * @param {string} kind of app.cjs
   * @param {'external' | 'bundled'} sdk where the AWS SDK is, on all sides
   * @returns {number} milliseconds of one synth, from the start of its process to the end
   */
  synth(kind, sdk = 'external', env = {}) {
    const outdir = join(this.directory, kind === 'floor' ? 'cdk.out.floor' : 'cdk.out');
    const started = performance.now();
    const run = spawnSync(process.execPath, [join(folder, 'app.cjs'), kind, String(this.size), sdk, this.directory, outdir, join(root, 'build')], {
      cwd: this.directory,
      encoding: 'utf8',
      // CDK's validation of templates takes seconds, on all sides, and by chance more or less of them.
      env: { ...process.env, CDK_VALIDATION: 'false', JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1', CDK_TRACED_FUNCTION_CACHE: join(this.directory, 'cache'), ...env },
    });
    if (run.status !== 0) throw new Error(`the app '${kind}' failed: ${run.stderr}`);
    return performance.now() - started;
  }
}

/** A handler such as people write: one client, two commands, a little logic of its own. */
function writeFunction(directory, i, note) {
  writeFileSync(join(directory, 'functions', `f${i}.ts`), `import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});
const table = process.env.TABLE_NAME ?? 'table-${i}';

/** ${note} */
export const handler = async (event: { id: string }): Promise<string> => {
  const found = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: event.id } } }));
  if (!found.Item) {
    await client.send(new PutItemCommand({ TableName: table, Item: { id: { S: event.id }, note: { S: '${note} ${i}' } } }));
  }
  return event.id;
};
`);
}
