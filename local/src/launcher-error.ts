/** A reason why the launcher cannot go on: one sentence for the person at the terminal, who needs no stack trace. */
export class LauncherError extends Error {}
