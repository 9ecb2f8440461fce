/**
 * Whether an event has to fail.
 *
 * @param event `{ fail: boolean }`; without `fail` chance decides
 * @param rate part of the events that fail, 0 to 1
 * @param random at least 0 and below 1
 * @throws Error when the event is something else
 */
export function shouldFail(event: unknown, rate: number, random: number): boolean {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new Error('the event has to be a JSON object');
  const { fail = random < rate } = event as { fail?: unknown };
  if (typeof fail !== 'boolean') throw new Error("'fail' has to be true or false");
  return fail;
}
