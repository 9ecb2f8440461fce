import { ChildProcess, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import { createServer, AddressInfo } from 'net';
import * as os from 'os';
import * as path from 'path';

/** A PostgreSQL of its own on a free port of the loopback address, from Debian's package `postgresql` or anything else that is installed. */
export class PostgresServer {
  public static get isInstalled(): boolean {
    return programFolder() !== undefined;
  }

  /** @returns undefined, after a line that says so, where PostgreSQL is not installed */
  public static async start(): Promise<PostgresServer | undefined> {
    const programs = programFolder();
    if (!programs) {
      console.warn("What needs PostgreSQL is skipped: this machine has no server; run 'apt-get install postgresql'");
      return undefined;
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-postgres-'));
    const user = unprivilegedUser();
    fs.chownSync(folder, user.uid ?? process.getuid!(), user.gid ?? process.getgid!());
    const data = path.join(folder, 'data');
    execFileSync(path.join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale', 'C'], { ...user, cwd: folder, stdio: 'ignore' });
    const port = await freePort();
    const child = spawn(path.join(programs, 'postgres'), ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
      { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', text => {
        log += text;
        if (log.includes('ready to accept connections')) resolve();
      });
      child.on('exit', () => reject(new Error(`PostgreSQL does not start:\n${log}`)));
    });
    return new PostgresServer(child, folder, port);
  }

  private constructor(private readonly child: ChildProcess, private readonly folder: string, public readonly port: number) {}

  public async stop(): Promise<void> {
    const ended = new Promise(resolve => this.child.on('close', resolve));
    this.child.kill('SIGQUIT');
    await ended;
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function programFolder(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...fs.existsSync(debian) ? fs.readdirSync(debian).map(version => path.join(debian, version, 'bin')) : []];
  return folders.find(folder => ['initdb', 'postgres'].every(name => fs.existsSync(path.join(folder, name))));
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid?: number; gid?: number } {
  if (process.getuid!() !== 0) {
    return {};
  }
  const users = new Map(fs.readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':')).map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]));
  return users.get('postgres') ?? users.get('nobody')!;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
