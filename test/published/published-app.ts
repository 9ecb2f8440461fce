import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from '../test-app';

export const PROJECT = path.join(__dirname, '..', '..');

/** The package that `npm pack` makes of the project, or of a workspace, as a file. */
export function npmPack(folder = PROJECT): string {
  if (folder === PROJECT) {
    const written = fs.statSync(path.join(PROJECT, '.jsii'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const sources = fs.readdirSync(path.join(PROJECT, 'lib'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
    if (sources.some(file => fs.statSync(path.join(PROJECT, 'lib', file)).mtimeMs > written)) {
      throw new Error("the compiled library is missing or older than lib; run 'npx jsii'");
    }
  }
  const target = temporaryFolder();
  npm(['pack', '--pack-destination', target], folder);
  return path.join(target, fs.readdirSync(target)[0]);
}

export function npm(args: string[], cwd: string): string {
  return run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd);
}

/** What a command writes to standard output; its error is what it says. */
export function run(command: string, args: string[], cwd: string, variables: NodeJS.ProcessEnv = {}): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...variables }, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { stdout, stderr, status } = error as { stdout?: string; stderr?: string; status?: number };
    throw new Error(`'${command} ${args.join(' ')}' ended with ${status ?? (error as Error).message}:\n${stdout ?? ''}\n${stderr ?? ''}`);
  }
}

export function writeFiles(folder: string, files: Record<string, string>): string {
  for (const [name, contents] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), contents);
  }
  return folder;
}

/** Templates of an assembly, and the hashes of its assets, by the names of the files. */
export function assembly(folder: string): { templates: Record<string, unknown>; assets: string[] } {
  const names = fs.readdirSync(folder);
  return {
    templates: Object.fromEntries(names.filter(name => name.endsWith('.template.json')).map(name => [name, JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))])),
    assets: names.filter(name => name.startsWith('asset.')).sort(),
  };
}

/** One handler of each language that a package can be made of on this machine. */
export const HANDLERS: Readonly<Record<string, string>> = {
  'lambda/hello.ts': [
    "import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';",
    'const client = new DynamoDBClient({});',
    'export const handler = async (event: { id: string }) => client.send(new GetItemCommand({ TableName: "t", Key: { id: { S: event.id } } }));',
  ].join('\n'),
  'lambda/python/handler.py': 'def handler(event, context):\n    return event["id"]\n',
  'lambda/go/go.mod': 'module example.com/hello\n\ngo 1.22\n',
  'lambda/go/main.go': 'package main\n\nimport "net/http"\n\nfunc main() { _, _ = http.Get("http://127.0.0.1:1") }\n',
};
