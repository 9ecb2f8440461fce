import { annotationExpression, both, edgeExpression, filterErrorOf, serviceExpression } from '../../web/src/filter-expressions';
import { formatAge, formatBytes, formatCount, formatDuration, formatShare, shorten, shortenName } from '../../web/src/formatting';
import { describeRange } from '../../web/src/time-range';
import { shownLines } from '../../web/src/trace/log-lines';

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

test.each([
  ['xraystarter-Uploads4F6EB0FD-3C03C36EC72C1', 'xraystarter-Uploads…'], ['MyStack-OrdersHandlerFunction7C1AB3D4-x8j3qf51d0xA', 'MyStack-Ord…lerFunction…'],
  ['payments.internal.example.com', 'payments.int…example.com'], ['short', 'short'], ['the-customer-relationship', 'the-customer…elationship'],
])('the name %p is shortened to %p: first by what nobody chose', (name, text) => expect(shortenName(name, 24)).toBe(text));

test('a fixed range is written as times are everywhere', () => {
  const at = (hour: number, day = 9): number => new Date(2026, 2, day, hour, 5).getTime();
  expect(describeRange({ kind: 'fixed', fromMs: at(9), toMs: at(10) })).toBe('2026-03-09 09:05:00 – 10:05:00');
  expect(describeRange({ kind: 'fixed', fromMs: at(9), toMs: at(10, 10) })).toBe('2026-03-09 09:05:00 – 2026-03-10 10:05:00');
});

test.each([
  ['[ERROR] Runtime.ImportModuleError: no', 'error'], ['2026-03-09T14:03:07Z\tb510\tERROR\tno', 'error'], ['{"level":"error","message":"no"}', 'error'],
  ['{"level":"INFO","failed":0,"error":null}', 'other'], ['finished without an error', 'other'], ['{"level":"warn"}', 'warning'], ['TypeError: x', 'error'],
])('the log line %p is shown as %s', (message, level) => {
  const line = { at: 0, message, stream: 's', requestId: 'r', part: 'request' as const };
  expect(shownLines([{ functionName: 'f', logGroup: 'g', requestIds: [], lines: [line], isTruncated: false }], undefined)[0].level).toBe(level);
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
