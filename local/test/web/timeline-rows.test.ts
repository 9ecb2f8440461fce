/**
 * d3 offers itself to CommonJS under this condition only.
 * @jest-environment-options {"customExportConditions": ["umd", "node", "node-addons"]}
 */
import { traceIdOf, Upload, uploadDocuments } from './sample-documents';
import { compileTrace } from '../../src/xray/model/compiled-trace';
import type { SegmentDocument } from '../../src/xray/wire/segment-document';
import { exceptionsBelow, OpenTrace, openTrace } from '../../web/src/trace/open-trace';
import { timeTicks, windowAround } from '../../web/src/trace/time-axis';
import { barOf, collapsibleIds, pathTo, TimelineRow, timelineRows } from '../../web/src/trace/timeline-rows';
import { treeMove } from '../../web/src/trace/tree-keys';

/** A trace as the page gets it from BatchGetTraces. */
function open(documents: SegmentDocument[]): OpenTrace {
  const { id, segments } = compileTrace(documents[0].trace_id, documents);
  return openTrace({ Id: id, Segments: segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })) });
}

const upload: Upload = { at: 1_700_000_000, number: 7, isCold: true };
const outline = (rows: TimelineRow[]): string[] => rows.map(({ depth, entry }) => `${'  '.repeat(depth)}${entry.name}`);

describe('rows of the segments timeline', () => {
  const { tree } = open(uploadDocuments(upload));
  const rows = timelineRows(tree, new Set());

  test('stand as on the console: SDK subsegments inside Invocation', () => {
    expect(outline(rows).slice(0, 11)).toEqual([
      'xraystarter-uploads',
      '  xraystarter-ts',
      '    Dwell Time',
      '    Attempt #1',
      '      xraystarter-ts',
      '        Initialization',
      '        Invocation',
      '          ## handler',
      '            DynamoDB',
      '        Overhead',
      '  xraystarter-py',
    ]);
    expect(rows).toHaveLength(1 + 3 * 9);
  });

  test('know what Lambda was doing, and mark cold starts', () => {
    expect(rows.slice(0, 10).map(({ phase }) => phase)).toEqual(
      [undefined, undefined, 'dwell', 'attempt', undefined, 'initialization', 'invocation', undefined, undefined, 'overhead'],
    );
    expect(rows.filter(({ isColdStart }) => isColdStart).map(({ entry }) => entry.origin)).toEqual(Array(3).fill('AWS::Lambda::Function'));
    expect(timelineRows(open(uploadDocuments({ ...upload, isCold: false })).tree, new Set()).some(({ isColdStart }) => isColdStart)).toBe(false);
  });

  test("a user's own subsegment called Overhead is not Lambda's", () => {
    const documents = uploadDocuments(upload);
    const handler = documents.find(({ name }) => name === '## handler')!;
    documents.push({ ...handler, id: 'f'.repeat(16), parent_id: handler.id, name: 'Overhead' });
    const own = timelineRows(open(documents).tree, new Set()).find(({ id }) => id === 'f'.repeat(16))!;
    expect(own.phase).toBeUndefined();
  });

  test('hide what is below a collapsed one, and say their place in the tree', () => {
    const attempt = rows[3];
    const collapsed = timelineRows(tree, new Set([attempt.id]));
    expect(collapsed).toHaveLength(rows.length - 6);
    expect(collapsed[3]).toMatchObject({ hasChildren: true, isExpanded: false, position: 2, siblings: 2, parentId: rows[1].id });
    expect(timelineRows(tree, new Set(collapsibleIds(tree)))).toHaveLength(1);
    expect(pathTo(tree, rows[8].id)).toEqual([rows[0].id, rows[1].id, rows[3].id, rows[4].id, rows[6].id, rows[7].id]);
    expect(pathTo(tree, rows[0].id)).toEqual([]);
    expect(pathTo(tree, 'unknown')).toEqual([]);
  });

  test('failed attempts are faults, the response is not', () => {
    const trace = open(uploadDocuments({ ...upload, isPythonBroken: true }));
    const faults = timelineRows(trace.tree, new Set()).filter(({ status }) => status === 'fault').map(({ entry }) => entry.name);
    expect(faults).toEqual([1, 2, 3].flatMap((number) => [`Attempt #${number}`, 'xraystarter-py', 'Invocation']));
    expect(trace.facts).toMatchObject({ status: 'ok', failures: [{ service: 'xraystarter-py', status: 'fault' }], exceptions: 3, orphans: 0 });
    expect(trace.trace.id).toBe(traceIdOf(upload));
  });

  test('a failed attempt says which exception lies below it, once', () => {
    const trace = open(uploadDocuments({ ...upload, isPythonBroken: true }));
    const attempt = timelineRows(trace.tree, new Set()).find(({ entry, status }) => entry.name === 'Attempt #2' && status === 'fault')!;
    expect(exceptionsBelow(trace, attempt.id)).toMatchObject([{ entry: { origin: 'AWS::Lambda::Function' }, exception: { type: 'Runtime.ImportModuleError' } }]);
    expect(exceptionsBelow(trace, trace.facts.root!.id)).toHaveLength(3);
    expect(exceptionsBelow(trace, 'unknown')).toEqual([]);
  });

  test('an entry whose parent never came, and one in progress, are shown as what they are', () => {
    const documents = uploadDocuments(upload).filter(({ name }) => name !== '## handler');
    const { end_time: _, ...call } = documents.find(({ name }) => name === 'DynamoDB')!;
    const trace = open([...documents.filter(({ id }) => id !== call.id), { ...call, in_progress: true }]);
    const row = timelineRows(trace.tree, new Set()).find(({ id }) => id === call.id)!;
    expect(row).toMatchObject({ depth: 0, status: 'pending', durationMs: undefined, entry: { orphan: true } });
    expect(trace.facts.orphans).toBe(3);
    expect(trace.trace.isPartial).toBe(true);
  });

  test('a circle of parents is opened and shown', () => {
    const [root] = uploadDocuments(upload);
    const lone = (id: string, parent: string): SegmentDocument => ({
      id: id.repeat(16), parent_id: parent.repeat(16), type: 'subsegment', name: id, trace_id: root.trace_id, start_time: upload.at, end_time: upload.at + 1,
    });
    const trace = open([root, lone('a', 'b'), lone('b', 'a')]);
    expect(timelineRows(trace.tree, new Set()).map(({ entry }) => entry.name).sort()).toEqual(['a', 'b', 'xraystarter-uploads']);
    expect([...trace.entries.values()].filter(({ entry }) => entry.cycle)).toHaveLength(1);
  });

  test('a service of the map leads to its first segment, a table to the call of it', () => {
    const trace = open(uploadDocuments(upload));
    const shown = (key: string): string | undefined => trace.entries.get(trace.segmentsByService.get(key) ?? '')?.entry.name;
    expect(shown('AWS::SNS/xraystarter-uploads')).toBe('xraystarter-uploads');
    expect(trace.entries.get(trace.segmentsByService.get('AWS::Lambda::Function/xraystarter-go')!)?.entry.origin).toBe('AWS::Lambda::Function');
    expect(shown('AWS::DynamoDB::Table/items')?.toLowerCase()).toBe('dynamodb');
  });
});

describe('bars', () => {
  const whole = { fromMs: 0, toMs: 200 };

  test('lie where their time is', () => {
    expect(barOf({ startMs: 50, durationMs: 100 }, whole)).toEqual({ left: 0.25, width: 0.5 });
    expect(barOf({ startMs: 150, durationMs: undefined }, whole)).toEqual({ left: 0.75, width: 0.25 });
  });

  test('are cut at the shown part of the axis, and gone outside of it', () => {
    expect(barOf({ startMs: 0, durationMs: 100 }, { fromMs: 50, toMs: 100 })).toEqual({ left: 0, width: 1 });
    expect(barOf({ startMs: 0, durationMs: 10 }, { fromMs: 50, toMs: 100 })).toBeUndefined();
    expect(barOf({ startMs: 120, durationMs: 10 }, { fromMs: 50, toMs: 100 })).toBeUndefined();
  });

  test('a trace of no length still has bars and an axis', () => {
    expect(barOf({ startMs: 0, durationMs: 0 }, { fromMs: 0, toMs: 0 })).toEqual({ left: 0, width: 1 });
    expect(timeTicks({ fromMs: 0, toMs: 0 }, 8)).toHaveLength(1);
  });

  test('the axis counts in one unit', () => {
    expect(timeTicks({ fromMs: 0, toMs: 0.3 }, 3).map(({ label }) => label)).toEqual(['0 ms', '0.1 ms', '0.2 ms', '0.3 ms']);
    expect(timeTicks({ fromMs: 0, toMs: 3600 }, 4).map(({ label }) => label)).toEqual(['0 s', '1 s', '2 s', '3 s']);
    expect(timeTicks({ fromMs: 3000, toMs: 3010 }, 2).map(({ label }) => label)).toEqual(['3000 ms', '3005 ms', '3010 ms']);
  });

  test('a window around a part stays within the trace', () => {
    expect(windowAround(0, 100, 1000)).toEqual({ fromMs: 0, toMs: 104 });
    expect(windowAround(900, 100, 1000)).toEqual({ fromMs: 896, toMs: 1000 });
    expect(windowAround(500, 0, 1000).toMs).toBeGreaterThan(500);
    expect(windowAround(400, undefined, 1000).toMs).toBe(1000);
  });
});

describe('keys in the tree', () => {
  const { tree } = open(uploadDocuments(upload));
  const rows = timelineRows(tree, new Set());

  test('move, open and close as in any tree', () => {
    expect(treeMove('ArrowDown', rows, rows[0].id)).toEqual({ kind: 'focus', id: rows[1].id });
    expect(treeMove('ArrowUp', rows, rows[0].id)).toBeUndefined();
    expect(treeMove('End', rows, rows[0].id)).toEqual({ kind: 'focus', id: rows[rows.length - 1].id });
    expect(treeMove('ArrowLeft', rows, rows[3].id)).toEqual({ kind: 'collapse', id: rows[3].id });
    expect(treeMove('ArrowLeft', rows, rows[2].id)).toEqual({ kind: 'focus', id: rows[1].id });
    expect(treeMove('ArrowRight', rows, rows[3].id)).toEqual({ kind: 'focus', id: rows[4].id });
    expect(treeMove('ArrowRight', rows, rows[2].id)).toBeUndefined();
    expect(treeMove('Enter', rows, rows[2].id)).toEqual({ kind: 'select', id: rows[2].id });
    expect(treeMove('x', rows, rows[2].id)).toBeUndefined();
    const closed = timelineRows(tree, new Set([rows[1].id]));
    expect(treeMove('ArrowRight', closed, rows[1].id)).toEqual({ kind: 'expand', id: rows[1].id });
  });

  test('begin at the top when the row with the focus is gone', () => {
    expect(treeMove('ArrowDown', rows, 'gone')).toEqual({ kind: 'focus', id: rows[0].id });
    expect(treeMove('ArrowDown', [], 'gone')).toBeUndefined();
  });
});
