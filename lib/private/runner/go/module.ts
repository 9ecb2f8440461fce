import * as fs from 'fs';
import * as path from 'path';
import { GoJob } from '../../languages/go-job';
import { runCommand } from '../run-command';
import { besides, commandLine, Tool } from '../tool';

/** A package of the user's module, as `go list -json` prints it. */
export interface GoPackage {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  /** Whether it is Go's own. */
  readonly Standard?: boolean;
  /** Where `go install` would put the binary; only of a main package. */
  readonly Target?: string;
  readonly Imports?: string[];
  /** Relative to `Dir`. */
  readonly EmbedFiles?: string[];
  /** Names of files that the tags, the platform or the lack of cgo leave out. */
  readonly IgnoredGoFiles?: string[];
  readonly Module?: { readonly Path: string; readonly Main?: boolean; readonly Dir?: string; readonly Replace?: { readonly Version?: string } };
}

/** A job and what goes into its binary. */
export interface GoBuild {
  readonly job: GoJob;
  /** The user's own packages, the one to build last. */
  readonly packages: GoPackage[];
  /** All packages by their import paths, Go's own and those of libraries included. */
  readonly all: ReadonlyMap<string, GoPackage>;
}

interface GoSettings {
  readonly goroot: string;
  /** Tags of GOFLAGS, which `-tags` would take the place of. */
  readonly tags: string[];
  /** Path of go.work; empty without one. */
  readonly workspace: string;
  /** Path of the file in which `go env -w` keeps settings. */
  readonly environmentFile: string;
}

/** The go command in the user's module, for Lambda's platform. */
export class GoModule {
  /** Folder of the Go that is run from now on. */
  private ownGoroot?: string;
  private found?: Promise<GoSettings>;

  constructor(private readonly tool: Tool, private readonly job: GoJob) {}

  /** Runs the Go of a folder from now on, by that path of the folder. */
  public useGoroot(goroot: string): void {
    this.ownGoroot = goroot;
  }

  public async settings(): Promise<GoSettings> {
    return this.found ??= this.run(['env', 'GOROOT', 'GOWORK', 'GOENV', 'GOFLAGS']).then(printed => {
      const [goroot, workspace, environmentFile, flags = ''] = printed.split(/\r?\n/);
      const tags = [...flags.matchAll(/(?:^|\s)["']?--?tags=([^\s"']+)/g)].flatMap(([, list]) => list.split(','));
      return { goroot, tags, workspace: workspace === 'off' ? '' : workspace, environmentFile };
    });
  }

  public async goroot(): Promise<string> {
    return (await this.settings()).goroot;
  }

  /** Names in a folder where the go command runs. */
  public async namesIn(folder: string): Promise<string[]> {
    return this.inContainer ? (await runCommand(besides(this.tool, ['ls', '-A', folder]))).trim().split('\n') : fs.readdirSync(folder);
  }

  public async tags(): Promise<string> {
    return [...new Set(['lambda.norpc', ...(await this.settings()).tags, ...this.job.tags])].join(',');
  }

  public async run(args: string[]): Promise<string> {
    // The image's own GOPATH would be lost with each container, and with it the modules that the next command needs.
    const env = {
      ...this.tool.container && { GOPATH: path.join(this.tool.container.home, 'go') },
      GOOS: 'linux',
      GOARCH: this.job.architecture === 'arm64' ? 'arm64' : 'amd64',
      CGO_ENABLED: this.job.cgo ? '1' : '0',
      ...this.job.environment,
      ...this.ownGoroot && { GOROOT: this.ownGoroot, GOTOOLCHAIN: 'local' },
    };
    const argv = this.ownGoroot ? besides(this.tool, [path.posix.join(this.ownGoroot, 'bin', 'go')]) : this.tool.argv;
    return runCommand([...commandLine({ ...this.tool, argv }, Object.keys(env)), ...args], { cwd: this.job.moduleRoot, env, printsData: true });
  }

  /** Text of a file where the go command runs, which in a container may have files that this machine has not. */
  public async read(file: string): Promise<string> {
    return this.inContainer ? runCommand(besides(this.tool, ['cat', file]), { cwd: this.job.moduleRoot }) : fs.readFileSync(file, 'utf8');
  }

  private get inContainer(): boolean {
    return this.tool.container !== undefined;
  }
}
