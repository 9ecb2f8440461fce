/** The name that a typing mistake was meant to be: differing in letter case, or by one or, in a long name, two characters. */
export function closestName(wrong: string, names: Iterable<string>): string | undefined {
  const allowed = wrong.length >= 8 ? 2 : 1;
  const distances = [...names].map(name => ({ name, distance: distance(wrong.toLowerCase(), name.toLowerCase()) }));
  return distances.filter(d => d.distance <= allowed).sort((a, b) => a.distance - b.distance)[0]?.name;
}

/** Characters to insert, to leave out, to replace, or to swap with the next. */
function distance(a: string, b: string): number {
  let [before, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        next[j] = Math.min(next[j], before[j - 2] + 1);
      }
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
