import Chance from 'chance';

/**
 * A first name for the user of an event `{ userid: string }`. Chance is seeded with the user, so that an event that comes twice gives one name.
 *
 * @throws Error that says what is wrong with the event
 */
export function randomName(event: unknown): { userId: string; name: string } {
  const userId = (event as { userid?: unknown } | null | undefined)?.userid;
  if (typeof userId !== 'string' || userId === '') throw new Error("the event has to be { userid: '...' }");
  return { userId, name: new Chance(userId).first() };
}
