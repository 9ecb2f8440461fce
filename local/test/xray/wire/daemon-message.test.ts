import { readDaemonMessage } from '../../../src/xray/wire/daemon-message';
import { datagram, hexId, sampleTrace, T0, traceId } from '../sample-trace';

const GOOD = { trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 1 };

function refusalOf(bytes: Buffer): string {
  const { accepted, refused } = readDaemonMessage(bytes);
  expect(accepted).toHaveLength(0);
  expect(refused).toHaveLength(1);
  return `${refused[0].code}: ${refused[0].message}`;
}

describe('a datagram with a segment document', () => {
  test.each([
    ['as the Node and Python SDKs send it', '{"format":"json","version":1}\n'],
    ['as the Java SDK sends it, with blanks', '{"format": "json", "version": 1}\n'],
  ])('is taken %s', (_, header) => {
    const { accepted, refused } = readDaemonMessage(Buffer.from(header + JSON.stringify(GOOD)));
    expect(refused).toEqual([]);
    expect(accepted).toMatchObject([{ document: GOOD, isSampled: true }]);
    expect(JSON.parse(accepted[0].json.toString())).toEqual(GOOD);
  });

  test('is taken in progress, and as a lone subsegment', () => {
    const { end_time: _, ...open } = GOOD;
    expect(readDaemonMessage(datagram({ ...open, in_progress: true })).accepted).toHaveLength(1);
    expect(readDaemonMessage(datagram(sampleTrace()[0])).accepted).toHaveLength(1);
  });

  test('keeps optional fields of the wrong shape instead of refusing the document', () => {
    const odd = { ...GOOD, http: 'yes', annotations: [1], cause: 7, aws: 'x', metadata: null };
    expect(readDaemonMessage(datagram(odd)).accepted).toHaveLength(1);
  });
});

describe('a bad datagram is refused with its reason', () => {
  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /^MissingHeader: the datagram of 0 bytes/],
    ['no header', Buffer.from(JSON.stringify(GOOD)), /^MissingHeader/],
    ['a wrong header', Buffer.from(`{"format":"xml","version":1}\n${JSON.stringify(GOOD)}`), /^InvalidHeader/],
    ['a header of another version', Buffer.from(`{"format":"json","version":2}\n${JSON.stringify(GOOD)}`), /^InvalidHeader/],
    ['a header alone', Buffer.from('{"format":"json","version":1}\n'), /^MissingBody/],
    ['a truncated document', datagram(JSON.stringify(GOOD).slice(0, -5)), /^ParseError: the document is not JSON/],
    ['no JSON', datagram('hello'), /^ParseError/],
    ['a list', datagram([GOOD]), /^ParseError: a segment document must be a JSON object, got a list/],
    ['64 KB and more', datagram({ ...GOOD, metadata: { x: 'y'.repeat(64 * 1024) } }), /^DocumentTooLarge: a segment document has at most 65536 bytes, got \d+/],
    ['no trace id', datagram({ ...GOOD, trace_id: undefined }), /^MissingTraceId/],
    ['a trace id of another form', datagram({ ...GOOD, trace_id: '58406520a006649127e371903a2de979' }), /^InvalidTraceId: .*got '58406520/],
    ['no id', datagram({ ...GOOD, id: undefined }), /^MissingId/],
    ['an id that is too short', datagram({ ...GOOD, id: 'abc' }), /^InvalidId: id must be 16 hexadecimal digits, got 'abc'/],
    ['an id that is a number', datagram({ ...GOOD, id: 12 }), /^InvalidId: .*got 12/],
    ['no name', datagram({ ...GOOD, name: '' }), /^MissingName/],
    ['a name of 201 characters', datagram({ ...GOOD, name: 'n'.repeat(201) }), /^InvalidName/],
    ['no start', datagram({ ...GOOD, start_time: undefined }), /^MissingStartTime/],
    ['a start as text', datagram({ ...GOOD, start_time: '1' }), /^InvalidStartTime/],
    ['a start in milliseconds', datagram({ ...GOOD, start_time: T0 * 1000 }), /^InvalidStartTime/],
    ['neither end nor in_progress', datagram({ ...GOOD, end_time: undefined }), /^MissingEndTime/],
    ['an end before the start', datagram({ ...GOOD, end_time: T0 - 1 }), /^InvalidEndTime: end_time 1699999999 lies before start_time 1700000000/],
    ['a lone subsegment without parent', datagram({ ...GOOD, type: 'subsegment' }), /^MissingParentId/],
    ['a parent id of another form', datagram({ ...GOOD, parent_id: 'x' }), /^InvalidParentId/],
    ['another type', datagram({ ...GOOD, type: 'span' }), /^InvalidType/],
    ['subsegments that are no list', datagram({ ...GOOD, subsegments: {} }), /^InvalidSubsegments/],
    ['a subsegment without id', datagram({ ...GOOD, subsegments: [{ name: 'x', start_time: T0, end_time: T0 }] }), /^MissingId: in a subsegment/],
    ['metadata nested without end', datagram(JSON.stringify(GOOD).replace('}', `,"metadata":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`)),
      /^NestedTooDeep: lists and objects are nested deeper than 500 levels/],
    ['OTLP that is no base64', Buffer.from('{"format":"json","version":1}\nT1S!!!!'), /^InvalidOtlp: .*characters that are not base64/],
    ['OTLP that is none', Buffer.from('{"format":"json","version":1}\nT1SAAAA////'), /^InvalidOtlp/],
    ['an unknown letter', Buffer.from('{"format":"json","version":1}\nT2Sabcd'), /^InvalidOtlp: the body must begin with T1S, T1U or \{, got 'T2S'/],
    ['OTLP without a span', Buffer.from('{"format":"json","version":1}\nT1S'), /^InvalidOtlp: .*no span/],
  ])('%s', (_, bytes, reason) => {
    expect(refusalOf(bytes)).toMatch(reason);
  });

  test('subsegments nested without end', () => {
    let inner: object = { id: hexId(2), name: 'n', start_time: T0, end_time: T0 };
    for (let depth = 0; depth < 200; depth += 1) inner = { ...inner, subsegments: [inner] };
    expect(refusalOf(datagram({ ...GOOD, subsegments: [inner] }))).toMatch(/^(InvalidSubsegments|DocumentTooLarge)/);
  });

  test('brackets in text are no nesting', () => {
    expect(readDaemonMessage(datagram({ ...GOOD, metadata: { text: '['.repeat(2000), list: Array.from({ length: 2000 }, () => []) } })).refused).toEqual([]);
  });

  test('without quoting what a payload may hold', () => {
    expect(refusalOf(datagram('{"password": secret}'))).not.toContain('secret');
  });
});
