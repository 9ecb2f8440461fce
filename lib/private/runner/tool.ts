import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { runCommand } from './run-command';

/** A program that can be run: on this machine, or inside a container in which the same paths are mounted. */
export interface Tool {
  /** First words of every command line. */
  readonly argv: string[];
  /** Name and version, for people. */
  readonly label: string;
}

/** How a tool is found, and what to do when it is not. */
export interface ToolSearch {
  readonly name: string;
  /** Command lines that print a version, the preferred first; the version's own words are dropped from the tool's command line. */
  readonly candidates: { readonly argv: string[]; readonly versionArgs: string[] }[];
  /** Image that has the tool, and its command line there. */
  readonly docker: { readonly image: string; readonly argv: string[] };
  /** Ends the sentence 'install ...'. */
  readonly install: string;
}

/**
 * Finds a tool: native first, Docker second.
 *
 * @param mounts absolute paths of folders that the tool reads and writes
 * @throws with the places searched and what to install
 */
export async function findTool(search: ToolSearch, mounts: string[]): Promise<Tool> {
  const tried: string[] = [];
  for (const { argv, versionArgs } of search.candidates) {
    const version = await versionOf([...argv, ...versionArgs]);
    if (version !== undefined) {
      return { argv, label: `${search.name} ${version}`.trim() };
    }
    tried.push(argv.join(' '));
  }
  const docker = process.env.CDK_DOCKER ?? 'docker';
  // The client alone is not enough: it answers without an engine.
  if (await versionOf([docker, 'info', '--format', '{{.ServerVersion}}']) !== undefined) {
    return { argv: [...dockerRun(docker, mounts), search.docker.image, ...search.docker.argv], label: `${search.name} in ${search.docker.image}` };
  }
  throw new Error(`cannot find ${search.name} (tried ${tried.map(t => `'${t}'`).join(', ')} on PATH ${process.env.PATH ?? ''}; ` +
    `no Docker engine answers '${docker} info' either); install ${search.install}`);
}

/** First words of a command line under which the tool sees these variables: a container does not inherit them. */
export function commandLine(tool: Tool, environment: Record<string, string>): string[] {
  const [program, run, ...rest] = tool.argv;
  return run === 'run' ? [program, run, ...Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]), ...rest] : tool.argv;
}

async function versionOf(argv: string[]): Promise<string | undefined> {
  try {
    const output = await runCommand(argv);
    return /\d+(?:\.\d+)+/.exec(output)?.[0];
  } catch {
    return undefined; // not there, or not working: either way the next candidate is tried
  }
}

function dockerRun(docker: string, mounts: string[]): string[] {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-home-'));
  process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid!()}`] : [];
  // Same paths inside as outside, so that one command line serves both.
  return [docker, 'run', '--rm', ...user, '-e', `HOME=${home}`, ...[home, ...mounts].flatMap(mount => ['-v', `${mount}:${mount}`]), '-w', mounts[0]];
}
