import { attributeLines, attributeStreams, LogEvent } from '../../src/function-logs/request-lines';

const IMPORT_ERROR = "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'aws_xray_sdk'\nTraceback (most recent call last):";

/** Events of one stream, a millisecond apart. */
function stream(messages: string[], name = 's', from = 1000): LogEvent[] {
  return messages.map((message, index) => ({ at: from + index, stream: name, message }));
}

const parts = (events: LogEvent[]): [string, string | undefined][] => attributeLines(events).map(({ part, requestId }) => [part, requestId]);

describe('log lines', () => {
  test('between START and REPORT belong to the request, also those that name none', () => {
    expect(parts(stream(['START RequestId: a Version: $LATEST', 'hello', '  at line 2', 'END RequestId: a', 'REPORT RequestId: a\tDuration: 1 ms']))).toEqual(
      Array(5).fill(['request', 'a']),
    );
  });

  test('before START belong to the request that the environment started for', () => {
    expect(parts(stream(['INIT_START Runtime Version: python3.13', IMPORT_ERROR, 'START RequestId: a', 'END RequestId: a', 'REPORT RequestId: a']))).toEqual([
      ['start', 'a'], ['start', 'a'], ['request', 'a'], ['request', 'a'], ['request', 'a'],
    ]);
  });

  test('are found between the lines of a log in JSON', () => {
    const system = (type: string, requestId: string) => JSON.stringify({ time: '2030-01-01T00:00:00.000Z', type, record: { requestId, version: '$LATEST' } });
    expect(parts(stream([
      '{"type":"platform.initStart","record":{}}', system('platform.start', 'a'), '{"level":"INFO","message":"platform.report"}', system('platform.report', 'a'), system('platform.start', 'b'),
    ]))).toEqual([['start', 'a'], ['request', 'a'], ['request', 'a'], ['request', 'a'], ['request', 'b']]);
  });

  test('of a second request of the environment are not those of the first', () => {
    const lines = parts(stream(['START RequestId: a', 'REPORT RequestId: a', 'START RequestId: b', 'one', 'REPORT RequestId: b']));
    expect(lines).toEqual([['request', 'a'], ['request', 'a'], ['request', 'b'], ['request', 'b'], ['request', 'b']]);
  });

  test('of a start that came to no request belong to none, and are kept', () => {
    expect(parts(stream(['INIT_START Runtime Version: python3.13', IMPORT_ERROR]))).toEqual([['unattributed', undefined], ['unattributed', undefined]]);
  });

  test('of a request whose environment was killed end where the next begins', () => {
    expect(parts(stream(['START RequestId: a', 'last words', 'START RequestId: b', 'REPORT RequestId: b'])).map(([, id]) => id)).toEqual(['a', 'a', 'b', 'b']);
  });

  test('a REPORT without START still names its request', () => {
    expect(parts(stream(['late line', 'REPORT RequestId: a']))).toEqual([['request', 'a'], ['request', 'a']]);
  });

  test('of two environments at once do not mix, and come in order of time', () => {
    const first = stream(['START RequestId: a', 'from a', 'REPORT RequestId: a'], 'one');
    const second = stream(['START RequestId: b', 'from b', 'REPORT RequestId: b'], 'two');
    const lines = attributeStreams([first[0], second[0], second[1], first[1], first[2], second[2]]);
    expect(lines.map(({ at }) => at)).toEqual([1000, 1000, 1001, 1001, 1002, 1002]);
    for (const { message, requestId } of lines) if (message.startsWith('from')) expect(message).toBe(`from ${requestId!}`);
  });
});
