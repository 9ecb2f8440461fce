import * as fs from 'fs';
import * as path from 'path';
import { GoJob } from '../../languages/go-job';
import { runCommand } from '../run-command';
import { Tool } from '../tool';

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
  readonly Module?: { readonly Path: string; readonly Main?: boolean; readonly Dir: string; readonly Replace?: { readonly Version?: string } };
}

/** A job and what goes into its binary. */
export interface GoBuild {
  readonly job: GoJob;
  /** The user's own packages, the one to build last. */
  readonly packages: GoPackage[];
  /** What all packages but those of AWS import, libraries of others included. */
  readonly imports: ReadonlySet<string>;
  /** Whether a package that is not of AWS or OpenTelemetry uses Go's HTTP. */
  readonly callsHttp: boolean;
}

/** The go command in the user's module, for Lambda's platform. */
export class GoModule {
  /** Folder of the Go that is run from now on. */
  private goroot?: string;

  constructor(private readonly tool: Tool, private readonly job: GoJob) {}

  /** Runs the Go of a folder from now on, by that path of the folder. */
  public useGoroot(goroot: string): void {
    this.goroot = goroot;
  }

  /** @param environment variables that go before those of the job */
  public async run(args: string[], environment: Record<string, string> = {}): Promise<string> {
    // The image's own GOPATH would be lost with each container, and with it the modules that the next command needs.
    const home = this.tool.argv.find(word => word.startsWith('HOME='))?.slice('HOME='.length);
    const env = {
      ...home ? { GOPATH: path.join(home, 'go') } : {},
      GOOS: 'linux',
      GOARCH: this.job.architecture === 'arm64' ? 'arm64' : 'amd64',
      CGO_ENABLED: '0',
      GOFLAGS: '',
      GOWORK: 'off', // with a workspace neither -modfile nor -mod is allowed
      ...this.job.environment,
      ...environment,
      ...this.goroot && { GOROOT: this.goroot, GOTOOLCHAIN: 'local' },
    };
    const argv = this.goroot ? [...this.tool.argv.slice(0, -1), path.posix.join(this.goroot, 'bin', 'go')] : this.tool.argv;
    const command = this.inContainer ? [...argv.slice(0, 2), ...Object.entries(env).flatMap(([k, v]) => ['-e', `${k}=${v}`]), ...argv.slice(2)] : argv;
    return runCommand([...command, ...args], { cwd: this.job.moduleRoot, env, printsData: true });
  }

  /** Text of a file where the go command runs, which in a container may have files that this machine has not. */
  public async read(file: string): Promise<string> {
    return this.inContainer ? runCommand([...this.tool.argv.slice(0, -1), 'cat', file], { cwd: this.job.moduleRoot }) : fs.readFileSync(file, 'utf8');
  }

  private get inContainer(): boolean {
    return this.tool.argv.length > 1;
  }
}
