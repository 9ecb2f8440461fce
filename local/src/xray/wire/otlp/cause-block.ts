import { createHash } from 'node:crypto';
import type { ExceptionDocument, SegmentDocument } from '../segment-document';
import { Attributes } from './attributes';
import { stackOf } from './stack-trace';
import type { OtlpSpan } from './trace-request';

const CLIENT = 3;
const PRODUCER = 4;
const STATUS_ERROR = 2;

/** error, fault, throttle and cause of a span: the HTTP status decides where there is one, else the span's own status. */
export function causeOf(
  span: OtlpSpan, attributes: Attributes, resource: Attributes,
): Pick<SegmentDocument, 'error' | 'fault' | 'throttle' | 'cause'> {
  const status = Number(attributes.peek('http.response.status_code') ?? attributes.peek('http.status_code') ?? NaN);
  const failed = span.status?.code === STATUS_ERROR;
  const flags: Pick<SegmentDocument, 'error' | 'fault' | 'throttle'> = {};
  if (status >= 400 && status <= 499) {
    flags.error = true;
    if (status === 429) flags.throttle = true;
  } else if ((status >= 500 && status <= 599) || failed) {
    flags.fault = true;
  }
  const exceptions = exceptionsOf(span, resource);
  const message = span.status?.message;
  if (exceptions.length === 0 && failed && message !== undefined && message !== '') {
    exceptions.push({ id: exceptionId(span, 0), message });
  }
  return exceptions.length === 0 ? flags : { ...flags, cause: { exceptions } };
}

function exceptionsOf(span: OtlpSpan, resource: Attributes): ExceptionDocument[] {
  const remote = span.kind === CLIENT || span.kind === PRODUCER;
  const exceptions: ExceptionDocument[] = [];
  for (const event of span.events ?? []) {
    if (event.name !== 'exception') continue;
    const facts = new Attributes(event.attributes);
    const stack = stackOf(facts.text('exception.stacktrace'), resource.text('telemetry.sdk.language'));
    exceptions.push({
      id: exceptionId(span, exceptions.length),
      type: facts.text('exception.type'),
      message: facts.text('exception.message'),
      remote,
      ...(stack.length === 0 ? {} : { stack }),
    });
  }
  return exceptions;
}

/** Derived from the span's id: a packet that comes twice must give the same document twice. */
function exceptionId(span: OtlpSpan, index: number): string {
  return createHash('sha256').update(span.spanId).update(String(index)).digest('hex').slice(0, 16);
}
