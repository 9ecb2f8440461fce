import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './test-app';

/**
 * Stands in for Docker: answers `info`, and runs what a container would run on this machine, but only with files that would be mounted in it
 * and variables that would be set in it.
 */
export class FakeDocker {
  public readonly folder = temporaryFolder();
  private readonly log = path.join(this.folder, 'log');

  constructor(name = 'docker') {
    const words = (variables: string[]) => variables.flatMap(variable => process.env[variable] ? [`${variable}=${process.env[variable]}`] : []);
    const script = `#!${process.execPath}
      const { spawnSync } = require('child_process');
      const fs = require('fs');
      const args = process.argv.slice(2);
      if (args[0] === 'info') { console.log('27.5.1'); process.exit(0); }
      const env = Object.fromEntries(${JSON.stringify([...words(['PATH', 'TMPDIR', 'PIP_CERT', 'PIP_FIND_LINKS', 'GOPROXY', 'GOFLAGS']), ...hostCaches()])}
        .map(word => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
      const mounts = [];
      let cwd, i = 1;
      for (; args[i].startsWith('-'); i++) {
        if (args[i] === '-e') { const [name, ...value] = args[++i].split('='); env[name] ??= value.length > 0 ? value.join('=') : process.env[name]; }
        else if (args[i] === '-v') mounts.push(args[++i].split(':')[0]);
        else if (args[i] === '-w') cwd = args[++i];
        else if (args[i] === '--user') i++;
        else if (args[i] !== '--rm') throw new Error('unexpected ' + args[i]);
      }
      const [image, program, ...rest] = args.slice(i);
      fs.appendFileSync(${JSON.stringify(this.log)}, JSON.stringify({ image, program, args, env }) + '\\n');
      const outside = [cwd, ...rest.flatMap(word => word.match(/(?<=^|=)\\/[^=,]+/g) ?? [])]
        .filter(file => ![${JSON.stringify(goRoot())}, ...mounts].some(mount => (file + '/').startsWith(mount + '/')));
      if (outside.length > 0) { console.error('not mounted: ' + outside); process.exit(125); }
      const { status } = spawnSync(program === 'python' ? 'python3' : program, rest, { cwd, env, stdio: 'inherit' });
      process.exit(status ?? 1);
    `;
    fs.writeFileSync(path.join(this.folder, name), script, { mode: 0o755 });
  }

  /** What was run, oldest first. */
  public get runs(): { image: string; program: string; args: string[]; env: Record<string, string> }[] {
    return fs.existsSync(this.log) ? fs.readFileSync(this.log, 'utf8').trim().split('\n').map(line => JSON.parse(line)) : [];
  }
}

/** Go's caches of this machine, since a container starts with none and would take minutes. */
function hostCaches(): string[] {
  const { HOME, GOCACHE, GOMODCACHE, GOPATH } = process.env;
  return [`GOCACHE=${GOCACHE ?? path.join(HOME!, '.cache', 'go-build')}`, `GOMODCACHE=${GOMODCACHE ?? path.join(GOPATH ?? path.join(HOME!, 'go'), 'pkg', 'mod')}`];
}

/** Go's own folder, which an image with Go has at a place of its own. */
function goRoot(): string {
  return execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
}
