import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { BundlingError } from './bundling-error';
import { runCommand } from './run-command';

/** A program that can be run: on this machine, or inside a container in which the same paths are mounted. */
export interface Tool {
  /** First words of every command line. */
  readonly argv: string[];
  /** Where the tool runs when it is not on this machine; the words before its own start the container. */
  readonly container?: ToolContainer;
  /** Name and version, for people. */
  readonly label: string;
}

export interface ToolContainer {
  /** Number of the words that start a container and set it up: variables are named behind the first two. */
  readonly runWords: number;
  /** The user's home folder in it, which is lost with it. */
  readonly home: string;
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
    const home = temporaryHome();
    const run = [...dockerRun(docker, home, mounts), search.docker.image];
    return { argv: [...run, ...search.docker.argv], label: `${search.name} in ${search.docker.image}`, container: { runWords: run.length, home } };
  }
  throw new BundlingError('TF701', `cannot find ${search.name} (tried ${tried.map(t => `'${t}'`).join(', ')} on PATH ${process.env.PATH ?? ''}; ` +
    `no Docker engine answers '${docker} info' either); install ${search.install}`);
}

/**
 * First words of a command line under which the tool sees these variables, when the command is run with them: a container inherits what is named.
 * Their values are not in it, because every user of the machine can read the command lines of all processes.
 */
export function commandLine({ argv, container }: Tool, names: string[]): string[] {
  return container ? [...argv.slice(0, 2), ...names.flatMap(name => ['-e', name]), ...argv.slice(2)] : argv;
}

/** Another program of the place where the tool is: of the container, or of this machine. */
export function besides({ argv, container }: Tool, program: string[]): string[] {
  return [...argv.slice(0, container?.runWords ?? 0), ...program];
}

async function versionOf(argv: string[]): Promise<string | undefined> {
  try {
    const output = await runCommand(argv);
    return /\d+(?:\.\d+)+/.exec(output)?.[0];
  } catch {
    return undefined; // not there, or not working: either way the next candidate is tried
  }
}

function temporaryHome(): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-home-'));
  process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
  return home;
}

function dockerRun(docker: string, home: string, mounts: string[]): string[] {
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid!()}`] : [];
  // Same paths inside as outside, so that one command line serves both.
  return [docker, 'run', '--rm', ...user, '-e', `HOME=${home}`, ...[home, ...mounts].flatMap(mount => ['-v', `${mount}:${mount}`]), '-w', mounts[0]];
}
