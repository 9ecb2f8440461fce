import type { SampleTrace, SegmentDocument, SubsegmentDocument } from './sample';
import { awsServiceName } from '../xray/model/service-identity';

/** What a trace should hold. */
export interface ExpectedTrace {
  /** How many segments there are of an origin. */
  readonly segments: { readonly origin: string; readonly count: number }[];
  /** Functions with exactly one segment of Lambda, and one of their own for each attempt. */
  readonly functions: {
    readonly name: string;
    /** Whether Lambda's segment shows that the event waited in a queue. @default - not looked at */
    readonly asynchronous?: boolean;
    /** How often the function was tried. @default 1 */
    readonly attempts?: number;
    /** What the function's SDK recorded below its segment. */
    readonly subsegments: ExpectedSubsegment[];
  }[];
}

/** A subsegment, by its name in any case and what has to be in it, such as `DynamoDB` with `{ operation: 'UpdateItem' }` in `aws`. */
export interface ExpectedSubsegment {
  readonly name: string;
  readonly aws?: Record<string, unknown>;
  readonly annotations?: Record<string, unknown>;
}

type AnySegment = SegmentDocument | SubsegmentDocument;

/** What a trace lacks, or has too often, in words; empty when all is there, complete, and every parent is in the trace. */
export function missingInTrace(trace: SampleTrace | undefined, expected: ExpectedTrace): string[] {
  if (!trace) return ['trace'];
  // X-Ray adds segments of its own for the callee of a call; nobody sent them.
  const segments = trace.segments.filter(segment => !('inferred' in segment && segment.inferred));
  const missing: string[] = [];
  const expectCount = (what: string, found: SegmentDocument[], count: number) => {
    const complete = found.filter(segment => segment.end_time !== undefined).length;
    if (complete !== count || found.length !== count) missing.push(`${what} (${complete} complete of ${found.length}, expected ${count})`);
  };

  for (const { origin, count } of expected.segments) {
    expectCount(`${origin} segment`, segments.filter(segment => segment.origin === origin), count);
  }
  for (const { name, asynchronous, attempts = 1, subsegments } of expected.functions) {
    const ofFunction = segments.filter(segment => segment.name === name);
    expectCount(`AWS::Lambda segment of ${name}`, ofFunction.filter(segment => segment.origin === 'AWS::Lambda'), 1);
    expectCount(`AWS::Lambda::Function segment of ${name}`, ofFunction.filter(segment => segment.origin === 'AWS::Lambda::Function'), attempts);
    const hasDwellTime = ofFunction.some(segment => segment.origin === 'AWS::Lambda' && nested(segment).some(part => part.name === 'Dwell Time'));
    if (asynchronous !== undefined && hasDwellTime !== asynchronous) {
      missing.push(`${asynchronous ? 'Dwell Time' : 'no Dwell Time'} in the AWS::Lambda segment of ${name}`);
    }
    const recorded = ofFunction.filter(segment => segment.origin === 'AWS::Lambda::Function').flatMap(segment => descendants(segment, segments));
    for (const subsegment of subsegments) {
      if (!recorded.some(found => matches(found, subsegment))) missing.push(`${describe(subsegment)} under ${name}`);
    }
  }

  const ids = new Set(segments.flatMap(segment => [segment, ...nested(segment)]).map(segment => segment.id));
  for (const { id, name, parent_id: parent } of segments) {
    if (parent !== undefined && !ids.has(parent)) missing.push(`parent ${parent} of ${id} (${name})`);
  }
  return missing;
}

function matches(found: AnySegment, { name, aws = {}, annotations = {} }: ExpectedSubsegment): boolean {
  return found.end_time !== undefined && awsServiceName(found.name) === awsServiceName(name)
    && Object.entries(aws).every(([key, value]) => found.aws?.[key] === value)
    && Object.entries(annotations).every(([key, value]) => found.annotations?.[key] === value);
}

function describe({ name, aws, annotations }: ExpectedSubsegment): string {
  return `${name} subsegment with ${JSON.stringify({ ...aws, ...annotations })}`;
}

/** All subsegments inside a segment document. */
function nested(segment: AnySegment): SubsegmentDocument[] {
  return (segment.subsegments ?? []).flatMap(child => [child, ...nested(child)]);
}

/** Everything below a segment: what is nested in it, and the documents that name it, or one of those, as their parent. */
function descendants(segment: AnySegment, all: SegmentDocument[]): AnySegment[] {
  const found = new Set<AnySegment>(nested(segment));
  const ids = new Set([segment, ...found].map(part => part.id));
  for (let grown = true; grown;) {
    grown = false;
    for (const document of all) {
      if (document.parent_id === undefined || !ids.has(document.parent_id) || found.has(document) || document === segment) continue;
      for (const part of [document, ...nested(document)]) {
        found.add(part);
        ids.add(part.id);
      }
      grown = true;
    }
  }
  return [...found];
}
