import { deviationsOf } from '../../../src/xray/wire/deviations';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';

const NOW = 1_790_000_000;
const DAY = 86_400;

function document(fields: Record<string, unknown> = {}, time = NOW): SegmentDocument {
  return {
    trace_id: `1-${time.toString(16)}-00000000000000000000abcd`, id: '00000000000000a1', name: 'shop', start_time: NOW, end_time: NOW + 1, ...fields,
  };
}

function codesOf(one: SegmentDocument): string[] {
  return deviationsOf(one, NOW).map(({ code }) => code);
}

const numbered = (count: number): Record<string, number> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key_${index}`, index]));

test.each<[string, SegmentDocument]>([
  ['plain', document()],
  ['with 50 annotations', document({ annotations: numbered(50) })],
  ['with a key of letters, digits, _ and .', document({ annotations: { 'a.B_9': true } })],
  ['with a value of 1,000 characters', document({ annotations: { text: 'x'.repeat(1000) } })],
  ['of 29 days ago', document({}, NOW - 29 * DAY)],
  ['of a clock that is five minutes ahead', document({}, NOW + 300)],
  ["with a random id of OpenTelemetry's, low", document({ trace_id: '1-00000001-00000000000000000000abcd' })],
  ["with a random id of OpenTelemetry's, high", document({ trace_id: '1-f0000001-00000000000000000000abcd' })],
  ['with names in other alphabets', document({ name: 'Bücher & 注文:1/%#=+\\-@' })],
])('AWS takes a document %s as it is taken here', (_, one) => {
  expect(codesOf(one)).toEqual([]);
});

test.each<[string, SegmentDocument, string, RegExp]>([
  ['51 annotations', document({ annotations: numbered(51) }), 'TooManyAnnotations', /50 annotations .* has 51/],
  ['51 annotations, some of a subsegment', document({
    annotations: numbered(25), subsegments: [{ id: '00000000000000a2', name: 'x', start_time: NOW, end_time: NOW, annotations: numbered(26) }],
  }), 'TooManyAnnotations', /has 51/],
  ['a key with a blank', document({ annotations: { 'order id': 1 } }), 'UnindexedAnnotationKey', /got 'order id'/],
  ['an object as value', document({ annotations: { order: { id: 1 } } }), 'UnindexedAnnotationValue', /'order' is an object/],
  ['null as value', document({ annotations: { order: null } }), 'UnindexedAnnotationValue', /'order' is null/],
  ['a value of 1,001 characters', document({ annotations: { text: 'x'.repeat(1001) } }), 'AnnotationTooLong', /has 1001 characters/],
  ['a namespace of its own', document({ subsegments: [{ id: '00000000000000a2', name: 'x', start_time: NOW, end_time: NOW, namespace: 'shop' }] }),
    'UnknownNamespace', /got 'shop'/],
  ['an id of 40 days ago', document({}, NOW - 40 * DAY), 'TraceIdTooOld', /last 30 days/],
  ['an id of tomorrow', document({}, NOW + DAY), 'TraceIdInFuture', /is to come/],
  ['a name with < and >', document({ name: 'a<b>' }), 'InvalidCharacterInName', /got 'a<b>'/],
])('AWS differs for %s', (_, one, code, message) => {
  expect(deviationsOf(one, NOW)).toEqual([{ code, message: expect.stringMatching(message) }]);
});
