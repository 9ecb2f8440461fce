const QUIET_MILLISECONDS = 1_000;

/** One line on standard error for work that takes longer than a second; none for work that does not. */
export class ProgressLine {
  private readonly timer: NodeJS.Timeout;

  constructor(label: string, tool: string) {
    this.timer = setTimeout(() => process.stderr.write(`cdk-traced-function: bundling ${label} (${tool})\n`), QUIET_MILLISECONDS);
  }

  public end(): void {
    clearTimeout(this.timer);
  }
}
