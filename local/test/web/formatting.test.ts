import { annotationExpression, both, edgeExpression, filterErrorOf, serviceExpression } from '../../web/src/filter-expressions';
import { formatAge, formatBytes, formatCount, formatDuration, formatShare, shorten } from '../../web/src/formatting';

test.each([
  [undefined, '–'], [NaN, '–'], [0, '0 ms'], [0.004, '0.00 ms'], [0.42, '0.42 ms'], [0.999, '1.0 ms'], [12.34, '12.3 ms'], [99.94, '99.9 ms'], [99.96, '100 ms'],
  [999.4, '999 ms'], [999.6, '1.00 s'], [1234, '1.23 s'], [12_340, '12.3 s'], [59_994, '60.0 s'], [65_000, '1 min 5 s'], [7_260_000, '2 h 1 min'],
])('%p ms is written %p', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([[0, '0'], [9_999, '9,999'], [12_345, '12.3k'], [100_000, '100k'], [4_500_000, '4.5M']])('%p is written %p', (count, text) => (
  expect(formatCount(count)).toBe(text)
));

test.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.5 KiB'], [512 * 1024 * 1024, '512 MiB']])('%p bytes are written %p', (bytes, text) => (
  expect(formatBytes(bytes)).toBe(text)
));

test.each([[0, '0 %'], [0.001, '< 1 %'], [0.326, '33 %'], [0.995, '> 99 %'], [1, '100 %']])('a share of %p is written %p', (share, text) => (
  expect(formatShare(share)).toBe(text)
));

test.each([[0, 'just now'], [42, '42 s ago'], [300, '5 min ago'], [7200, '2 h ago'], [3 * 86_400, '3 d ago']])('%p s are written %p', (seconds, text) => (
  expect(formatAge(0, seconds * 1000)).toBe(text)
));

test('a long name keeps both ends', () => {
  expect(shorten('xraystarter-incoming0b397865-1hx8j3qf51d0x', 20)).toBe('xraystarte…j3qf51d0x');
  expect(shorten('short', 20)).toBe('short');
});

describe('filter expressions', () => {
  test('name what was clicked', () => {
    expect(serviceExpression({ name: 'xraystarter-py', type: 'AWS::Lambda' })).toBe('service(id(name: "xraystarter-py", type: "AWS::Lambda"))');
    expect(serviceExpression({ name: 'say "hi"' }, 'fault')).toBe('service("say \\"hi\\"") { fault }');
    expect(edgeExpression({ name: 'a', type: 'AWS::SNS' }, { name: 'b' })).toBe('edge(id(name: "a", type: "AWS::SNS"), "b")');
    expect(annotationExpression('key', 'a b.txt')).toBe('annotation.key = "a b.txt"');
    expect(annotationExpression('order.id', 7)).toBe('annotation["order.id"] = 7');
  });

  test('are joined so that an OR stays together', () => {
    expect(both(undefined, 'fault')).toBe('fault');
    expect(both('  ', 'fault')).toBe('fault');
    expect(both('fault', 'fault')).toBe('fault');
    expect(both('ok OR error', 'fault')).toBe('(ok OR error) AND fault');
    expect(both('user = "this OR that"', 'fault')).toBe('user = "this OR that" AND fault');
  });

  test('a refusal gives up its position', () => {
    expect(filterErrorOf("the filter expression is wrong at position 12: expected service(), but found 'ser'").offset).toBe(11);
    expect(filterErrorOf('StartTime must not lie after EndTime').offset).toBeUndefined();
  });
});
