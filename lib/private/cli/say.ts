/** Writes a text for the person, and ends with status 0. */
export function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
