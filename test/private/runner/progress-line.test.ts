import { ProgressLine } from '../../../lib/private/runner/progress-line';

let written: jest.SpyInstance;
beforeEach(() => {
  jest.useFakeTimers();
  written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.useRealTimers();
  written.mockRestore();
});

test('work that takes longer than a second is told of, once', () => {
  const line = new ProgressLine('Stack/Function', 'go');
  jest.advanceTimersByTime(999);
  expect(written).not.toHaveBeenCalled();
  jest.advanceTimersByTime(60_000);
  line.end();
  expect(written.mock.calls).toEqual([['cdk-traced-function: bundling Stack/Function (go)\n']]);
});

test('work that is done sooner is not told of', () => {
  new ProgressLine('Stack/Function', 'go').end();
  jest.advanceTimersByTime(60_000);
  expect(written).not.toHaveBeenCalled();
});
