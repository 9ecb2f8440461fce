import * as fs from 'fs';
import * as path from 'path';
import { CliError } from './cli-error';
import { readApp, ReadAppResult, synthesizeApp } from '../doctor/template/read-app';

/** The app that a command is about: what its one argument names, what `--app` synthesizes, or what lies in this folder. */
export function openApp(positionals: readonly string[], app: string | undefined): ReadAppResult {
  if (positionals.length > 1) throw new CliError(`one app at a time, got ${positionals.map(name => `'${name}'`).join(', ')}`);
  if (app !== undefined && positionals.length > 0) throw new CliError(`give either '${positionals[0]}' or --app, not both`);
  return app === undefined ? { app: readApp(positionals[0] ?? assemblyFolder()), close: () => undefined } : synthesizeApp(app);
}

/** Where the CDK CLI writes to in this folder; without it, a template that lies here. */
function assemblyFolder(): string {
  const settings = fs.existsSync('cdk.json') ? JSON.parse(fs.readFileSync('cdk.json', 'utf8')) as { output?: string } : {};
  const folder = settings.output ?? 'cdk.out';
  return fs.existsSync(path.join(folder, 'manifest.json')) || fs.existsSync('cdk.json') ? folder : '.';
}
