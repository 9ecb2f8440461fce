// Rounds in which all sides run in turn, and what is read from them.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs each side once a round, in another order in each, because what ran before has warmed the machine.
 *
 * @template T
 * @param {Record<string, () => T | Promise<T>>} sides
 * @returns {Promise<Record<string, Awaited<T>[]>>} one value a round
 */
export async function inTurn(rounds, sides, onRound = () => {}) {
  const names = Object.keys(sides);
  const values = Object.fromEntries(names.map(name => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) values[name].push(await sides[name]());
    onRound(round + 1);
  }
  return values;
}

/** What `values` is above `floor`: the median of the differences of each round. */
export function above(values, floor) {
  return median(values.map((value, round) => value - floor[round]));
}

/** The median of the ratios of each round. */
export function ratioOf(values, peer) {
  return median(values.map((value, round) => value / peer[round]));
}
