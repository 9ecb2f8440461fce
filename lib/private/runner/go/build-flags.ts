/** Flags that decide which files and packages a program is made of. `go list` takes them as `go build` does. */
const DECIDING = /^--?(?:mod|modfile|race|msan|asan|compiler)(?:=|$)/;

/** Flags of those without a value. */
const SWITCHES = /^--?(?:race|msan|asan)$/;

/** What the user's arguments of `go build` say to us. */
export interface BuildFlags {
  /** Files of `-overlay`. */
  readonly overlays: string[];
  /** Of `-ldflags` for all packages; the last counts. */
  readonly linkerFlags?: string;
  /** Those that `go list` needs too. */
  readonly deciding: string[];
  /** All others, and those that decide. */
  readonly rest: string[];
}

/** @param args without `-tags`, which the job has for itself */
export function readBuildFlags(args: readonly string[]): BuildFlags {
  const overlays: string[] = [];
  const deciding: string[] = [];
  const rest: string[] = [];
  let linkerFlags: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const separate = !arg.includes('=') && !SWITCHES.test(arg) && i + 1 < args.length ? args[i + 1] : undefined;
    const overlay = /^--?overlay(?:=(.*))?$/s.exec(arg);
    const linker = /^--?ldflags(?:=(.*))?$/s.exec(arg);
    const value = overlay?.[1] ?? linker?.[1] ?? separate ?? '';
    if (overlay) {
      overlays.push(value);
      i += overlay[1] === undefined ? 1 : 0;
    } else if (linker && !/^[\w./-]+=/.test(value)) { // for one package: `main=-X ...`
      linkerFlags = value;
      i += linker[1] === undefined ? 1 : 0;
    } else {
      const words = DECIDING.test(arg) && separate !== undefined ? [arg, separate] : [arg];
      deciding.push(...DECIDING.test(arg) ? words : []);
      rest.push(...words);
      i += words.length - 1;
    }
  }
  return { overlays, linkerFlags, deciding, rest };
}
