/** Flags whose values have white space, and stand for themselves when they are written as one word of a list. */
const WITH_SPACES = /^--?(?:ldflags|gcflags|asmflags|gccgoflags|extldflags)=[^"']*$/s;

/**
 * Words of arguments that are written as `GoFunction` takes them, for a shell, or one by one.
 *
 * @throws for a quote without an end
 */
export function splitBuildArgs(args: readonly string[]): string[] {
  return args.flatMap(arg => WITH_SPACES.test(arg) ? [arg] : shellWords(arg));
}

/** As a shell reads it, without variables and patterns. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [, space, single, double, escaped, plain, open] of text.matchAll(/(\s+)|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\]+)|(.)/gs)) {
    if (open !== undefined) {
      throw new Error(`'${text}' has a quote without an end`);
    }
    if (space !== undefined) {
      words.push(...word === undefined ? [] : [word]);
      word = undefined;
    } else {
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain);
    }
  }
  return word === undefined ? words : [...words, word];
}

/** The tags among the arguments, and the arguments without them: `go build` would take the last `-tags` alone. */
export function takeTags(args: readonly string[]): { tags: string[]; rest: string[] } {
  const tags: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const found = /^--?tags(?:=(.*))?$/s.exec(args[i]);
    if (found) {
      tags.push(...(found[1] ?? args[++i] ?? '').split(/[\s,]+/).filter(tag => tag !== ''));
    } else {
      rest.push(args[i]);
    }
  }
  return { tags, rest };
}
