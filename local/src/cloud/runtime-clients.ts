import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LOCAL_DIR, STATE_DIR } from '../project-folders';
import { runCommand } from '../run-command';

const INSTALL_TIMEOUT_MS = 5 * 60_000;
const LARGEST_SOURCE = 8 * 1024 * 1024;
/** Clients that apps asked for at earlier starts. */
const FOLDER = join(STATE_DIR, 'node-runtime');

const INSTALLED = join(FOLDER, 'node_modules');

/** A further node_modules folder of the Node.js runtime. It is there from the start, so that functions may be shown what comes into it. */
export function installedClients(): string {
  mkdirSync(INSTALLED, { recursive: true });
  return INSTALLED;
}

export interface RuntimeClientsOptions {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  /** The cloud's own temporary folder, in which it keeps the runtime's packages. */
  readonly scratch: string;
  readonly log: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Lambda's Node.js runtime contains every client of the AWS SDK, this machine only some: installs those that the app's functions ask the runtime for,
 * CDK's own functions among them, and adds them to the running cloud's runtime.
 */
export async function provideRuntimeClients({ assembly, scratch, log, warn, signal }: RuntimeClientsOptions): Promise<void> {
  const runtimes = readdirSync(scratch).filter(name => name.startsWith('lambda-')).map(name => join(scratch, name, 'packages', 'node_modules')).filter(existsSync);
  const missing = requestedClients(assembly).filter(name => !runtimes.every(folder => existsSync(join(folder, name))));
  if (missing.length === 0 || runtimes.length === 0) return;
  log(`installing ${missing.join(', ')}, which Lambda's Node.js runtime contains (once)...`);
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(join(FOLDER, 'package.json'))) writeFileSync(join(FOLDER, 'package.json'), '{"private":true}\n');
  const { status, output } = await runCommand('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...missing.map(name => `${name}@^3`)], {
    cwd: FOLDER, timeoutMs: INSTALL_TIMEOUT_MS, signal,
  });
  if (status !== 0) {
    warn(`${missing.join(', ')} cannot be installed, and functions that need them fail: ${output.split('\n').slice(-3).join(' ')}`);
    return;
  }
  for (const folder of runtimes) {
    for (const scope of ['@aws-sdk', '@smithy'].filter(name => existsSync(join(INSTALLED, name)))) {
      for (const name of readdirSync(join(INSTALLED, scope)).filter(found => !existsSync(join(folder, scope, found)))) {
        mkdirSync(join(folder, scope), { recursive: true });
        symlinkSync(join(INSTALLED, scope, name), join(folder, scope, name), 'dir');
      }
    }
  }
}

/** The clients of the AWS SDK that code of the assembly loads and does not bring along, and those that `AwsCustomResource` calls. */
export function requestedClients(assembly: string): string[] {
  const found = new Set<string>();
  for (const name of readdirSync(assembly)) {
    const path = join(assembly, name);
    if (/^asset\.[0-9a-f]+$/.test(name) && statSync(path).isDirectory()) {
      for (const client of clientsOfCode(path)) {
        if (!existsSync(join(path, 'node_modules', client))) found.add(client);
      }
    } else if (name.endsWith('.template.json')) {
      for (const client of calledByTemplate(readFileSync(path, 'utf8'))) found.add(client);
    } else if (name.startsWith('assembly-') && statSync(path).isDirectory()) {
      for (const client of requestedClients(path)) found.add(client);
    }
  }
  return [...found].sort();
}

function clientsOfCode(folder: string): string[] {
  return readdirSync(folder).filter(name => /\.[cm]?js$/.test(name)).map(name => join(folder, name)).filter(file => statSync(file).size < LARGEST_SOURCE)
    .flatMap(file => [...readFileSync(file, 'utf8').matchAll(/(?:require\(|from ?|import\()["'](@aws-sdk\/(?:client|lib)-[a-z0-9-]+)["']/g)].map(([, client]) => client));
}

/** The calls of an AwsCustomResource are JSON in a text of the template. */
function calledByTemplate(template: string): string[] {
  if (!template.includes('Custom::AWS')) return [];
  return [...template.matchAll(/\\"service\\":\\"([^"\\]+)\\"/g)].map(([, service]) => clientOf(service));
}

/** `SSM`, `ssm` or `@aws-sdk/client-ssm`, as CDK's function understands them. */
function clientOf(service: string): string {
  if (service.startsWith('@aws-sdk/')) return service;
  const name = service.toLowerCase();
  try {
    const cdk = createRequire(join(LOCAL_DIR, 'package.json')).resolve('aws-cdk-lib/package.json');
    const names = JSON.parse(readFileSync(join(cdk, '..', 'custom-resources', 'lib', 'helpers-internal', 'sdk-v2-to-v3.json'), 'utf8')) as Record<string, string>;
    return `@aws-sdk/client-${names[name] ?? name}`;
  } catch {
    return `@aws-sdk/client-${name}`; // another version of CDK keeps the names elsewhere
  }
}
