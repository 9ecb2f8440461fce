import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import { createServer } from 'net';
import * as os from 'os';
import * as path from 'path';

/** The server of Debian's package `postgresql`, with its data in a temporary folder and on a free port of the loopback address. */
export class PostgresServer {
  /** Undefined, after a line that says so, where there is no server to start. */
  public static async start(): Promise<PostgresServer | undefined> {
    const bin = binaries();
    if (!bin) {
      console.warn("What needs PostgreSQL is skipped: this machine has no server; run 'apt-get install postgresql'");
      return undefined;
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-test-postgres-'));
    const port = await freePort();
    // The server refuses to be root's.
    const user = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : {};
    if (user.uid !== undefined) {
      fs.chownSync(folder, user.uid, user.gid!);
    }
    const data = path.join(folder, 'data');
    execFileSync(path.join(bin, 'initdb'), ['--pgdata', data, '--auth', 'trust', '--username', 'postgres', '--no-sync', '--no-instructions'], { ...user, cwd: folder, stdio: 'pipe' });
    const child = spawn(path.join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'shared_buffers=4MB'], {
      ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<void>(resolve => child.on('close', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', text => {
        log += text;
        if (log.includes('ready to accept connections')) {
          resolve();
        }
      });
      child.on('close', () => reject(new Error(`PostgreSQL ended:\n${log}`)));
      child.on('error', reject);
    });
    return new PostgresServer(port, async () => {
      child.kill('SIGINT');
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    });
  }

  private constructor(public readonly port: number, public readonly stop: () => Promise<void>) {}
}

function binaries(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const folders = fs.existsSync(versions) ? fs.readdirSync(versions).sort().reverse().map(version => path.join(versions, version, 'bin')) : [];
  return folders.find(folder => ['initdb', 'postgres'].every(name => fs.existsSync(path.join(folder, name))));
}

function id(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
