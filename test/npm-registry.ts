import { ChildProcess, execFileSync, spawn } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './test-app';

/** A package that the registry has: its package.json, and its files by their paths. */
export interface PublishedPackage {
  readonly manifest: { readonly name: string; readonly version: string; readonly [field: string]: unknown };
  readonly files: Record<string, string | Buffer>;
}

/** A server of its own process, because bundling blocks this one. It asks for a token, and writes down what it was asked for. */
const SERVER = `
const [, folder, token] = process.argv;
const fs = require('fs'), http = require('http'), path = require('path');
http.createServer((request, response) => {
  const name = decodeURIComponent(request.url.slice(1));
  fs.appendFileSync(path.join(folder, 'requests.log'), name + '\\n');
  if (request.headers.authorization !== 'Bearer ' + token) return response.writeHead(401).end();
  const file = path.join(folder, encodeURIComponent(name));
  if (!fs.existsSync(file)) return response.writeHead(404).end('{}');
  const address = 'http://' + request.headers.host;
  response.end(name.endsWith('.tgz') ? fs.readFileSync(file) : fs.readFileSync(file, 'utf8').replaceAll('REGISTRY', address));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

/** A registry of npm packages on this machine. */
export class NpmRegistry {
  public static async start(packages: PublishedPackage[], token: string): Promise<NpmRegistry> {
    const folder = temporaryFolder();
    const integrity = new Map(packages.map(published => [`${published.manifest.name}@${published.manifest.version}`, publish(folder, published)]));
    const server = spawn(process.execPath, ['-e', SERVER, folder, token], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise<string>(resolve => server.stdout.once('data', data => resolve(String(data).trim())));
    return new NpmRegistry(server, folder, `http://127.0.0.1:${port}/`, integrity);
  }

  private constructor(
    private readonly server: ChildProcess, private readonly folder: string, public readonly url: string,
    private readonly integrity: Map<string, string>,
  ) {}

  public integrityOf(name: string, version: string): string {
    return this.integrity.get(`${name}@${version}`)!;
  }

  /** What was asked for since the last call. */
  public takeRequests(): string[] {
    const log = path.join(this.folder, 'requests.log');
    const requests = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
    fs.rmSync(log, { force: true });
    return requests;
  }

  public stop(): void {
    this.server.kill();
  }
}

/** @returns its integrity, as a lock file has it */
function publish(folder: string, { manifest, files }: PublishedPackage): string {
  const staged = path.join(folder, 'staged', `${encodeURIComponent(manifest.name)}-${manifest.version}`);
  for (const [name, contents] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    fs.mkdirSync(path.dirname(path.join(staged, 'package', name)), { recursive: true });
    fs.writeFileSync(path.join(staged, 'package', name), contents);
  }
  const archive = `${manifest.name}-${manifest.version}.tgz`;
  execFileSync('tar', ['-czf', path.join(folder, encodeURIComponent(archive)), '-C', staged, 'package']);
  const integrity = `sha512-${createHash('sha512').update(fs.readFileSync(path.join(folder, encodeURIComponent(archive)))).digest('base64')}`;
  const packument = path.join(folder, encodeURIComponent(manifest.name));
  const before = fs.existsSync(packument) ? JSON.parse(fs.readFileSync(packument, 'utf8')) as { versions: object } : { versions: {} };
  fs.writeFileSync(packument, JSON.stringify({
    'name': manifest.name,
    'dist-tags': { latest: manifest.version },
    'versions': { ...before.versions, [manifest.version]: { ...manifest, dist: { integrity, tarball: `REGISTRY/${encodeURIComponent(archive)}` } } },
  }));
  return integrity;
}
