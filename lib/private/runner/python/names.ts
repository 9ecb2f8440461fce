/** Normalised as in https://packaging.python.org/en/latest/specifications/name-normalization/ */
export function normalizedName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** Normalised name of what a line of a requirements file asks for; undefined for options, paths and addresses. */
export function requirementName(line: string): string | undefined {
  const name = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?=\s*(?:$|[[;@=<>~!(,#]|--))/.exec(line.trim())?.[1];
  return name && normalizedName(name);
}

export function requirementNames(lines: readonly string[]): Set<string> {
  return new Set(lines.map(requirementName).filter((name): name is string => name !== undefined));
}
