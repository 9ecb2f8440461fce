import { shouldFail } from './should-fail';

describe('shouldFail', () => {
  it.each([
    [0, 0, false],
    [0.5, 0.4999, true],
    [0.5, 0.5, false],
    [1, 0.9999, true],
  ])('fails a part of the events: rate %s, random %s', (rate, random, expected) => {
    expect(shouldFail({}, rate, random)).toBe(expected);
  });

  it('does as the event wants it', () => {
    expect(shouldFail({ fail: true }, 0, 0.5)).toBe(true);
    expect(shouldFail({ fail: false }, 1, 0.5)).toBe(false);
  });

  it.each([[null], ['text'], [[1]]])('refuses %j', event => {
    expect(() => shouldFail(event, 0, 0)).toThrow('the event has to be a JSON object');
  });

  it.each([[1], ['true'], [null]])('refuses { fail: %j }', fail => {
    expect(() => shouldFail({ fail }, 0, 0)).toThrow("'fail' has to be true or false");
  });
});

describe('handler', () => {
  /** The handler reads its environment when it is loaded, as it does on Lambda. */
  function loadHandler(failureRate: string) {
    process.env.FAILURE_RATE = failureRate;
    jest.resetModules();
    return jest.requireActual<typeof import('./handler')>('./handler').handler;
  }
  afterEach(() => { delete process.env.FAILURE_RATE; });

  it('succeeds or fails', async () => {
    expect(await loadHandler('0')({})).toEqual({ succeeded: true });
    await expect(loadHandler('1')({})).rejects.toMatchObject({ name: 'RandomError' });
  });

  it.each(['', '2', '-0.1', 'often'])("fails to load with the rate '%s'", rate => {
    expect(() => loadHandler(rate)).toThrow('FAILURE_RATE');
  });
});
