// Continues the traces of the messages that an invocation handles. It is in a package only when the function's instrumentation asks for it.
import { guard } from '../capture/guard.mjs';
import { redact } from '../capture/redaction.mjs';
import { sendDocument } from './exporter.mjs';
import { hasContexts, Invocation, invocationOf } from './invocation.mjs';
import { INTERNAL, SERVER, Span, newId } from './span.mjs';

/** Of one span, and queues drawn for one invocation: X-Ray shows no more, and a batch may have ten thousand records. */
const MOST_LINKS = 50;
const MOST_QUEUES = 10;

const serviceName = process.env.OTEL_SERVICE_NAME ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'unknown_service';

/** Finds the header that a record carries in its payload; replaced where that was chosen. */
let payloadHeader = () => undefined;

/**
 * @param {'continue' | 'link'} mode
 * @param readPayload finds the header in an event or a record
 * @returns the recorder's `place`: the invocation in whose trace the handler runs
 */
export function messageTracing(mode, readPayload = payloadHeader) {
  payloadHeader = readPayload;
  return (own, event, context) => guard(() => place(mode, own, event, context)) ?? own;
}

function place(mode, own, event, context) {
  const messages = messagesOf(event);
  if (messages.length === 0) return own;
  const [{ header: first }] = messages;
  const isOne = messages.every(({ header }) => header?.isSampled && header.traceId === first.traceId);
  if (mode === 'continue' && isOne && first.traceId !== own?.traceId) {
    const invocation = continueTrace(messages, own, context);
    invocation.timer = invocation.watchTime();
    // For what reads it by itself: loggers, child processes, clients that are not captured.
    if (!hasContexts) process.env._X_AMZN_TRACE_ID = invocation.header(invocation.root.id) + invocation.lineage;
    return invocation;
  }
  if (own?.isSampled) linkTo(own, messages);
  return own;
}

/** The invocation of one record, for those whose batch is not of one trace; undefined when its work belongs to the running invocation. */
export function invocationOfRecord(record, running) {
  const message = guard(() => messageOf(record));
  if (!message?.header?.isSampled || message.header.traceId === running?.traceId) return undefined;
  // Of a batch that continues a trace by itself, Lambda's own is what its links say.
  const own = running?.own ?? running;
  return guard(() => continueTrace([message], own, running?.lambda));
}

/** Of the events that carry a trace at all. */
function messagesOf(event) {
  const records = Array.isArray(event) ? event : event?.Records;
  if (Array.isArray(records)) {
    const messages = records.map(messageOf);
    return messages.some(message => message?.header) ? messages.map(message => message ?? {}) : [];
  }
  const header = headerOf(payloadHeader(event));
  return header ? [{ header }] : [];
}

function messageOf(record) {
  const { attributes, eventSource, eventSourceARN, messageId } = record ?? {};
  const header = headerOf(eventSource === 'aws:sqs' ? attributes?.AWSTraceHeader : payloadHeader(record));
  return { header, id: messageId, ...eventSource === 'aws:sqs' && { arn: eventSourceARN, attributes } };
}

const NO_PARENT = '0'.repeat(16);

/** A sender that records nothing itself, such as a browser's upload, names no parent. */
function headerOf(text) {
  if (typeof text !== 'string') return undefined;
  if (/Parent=/i.test(text)) return invocationOf(text);
  const header = invocationOf(`${text};Parent=${NO_PARENT}`);
  if (header) header.parentId = undefined;
  return header;
}

/** An invocation in another trace than Lambda's own. Its root is the function's segment there. */
class ContinuedInvocation extends Invocation {
  documents = [];
  /** Lambda's own, which the root links to. */
  own = undefined;

  /** A function that is killed leaves at least what there is. */
  flush() {
    const { root } = this;
    this.documents.splice(0).forEach(sendDocument);
    const { traceId, parentId } = root;
    if (this.isRunningOut && !this.isClosed) this.spans.push({ ...root, traceId, parentId, endTime: this.now() });
    super.flush();
  }
}

function continueTrace(messages, own, context) {
  const [{ header, id }] = messages;
  const invocation = new ContinuedInvocation(header.traceId, header.parentId, true, own?.lineage ?? header.lineage);
  invocation.own = own;
  invocation.lambda = context;
  const queues = waits(messages, invocation.startTime);
  if (queues.length > 0) invocation.parentId = queues[0].id;
  invocation.documents = queues;
  const root = invocation.root = new Span(invocation, undefined, serviceName, SERVER, invocation.startTime);
  root.attributes = { ...describe(messages), 'messaging.message.id': messages.length === 1 ? id : undefined, 'aws.request_id': context?.awsRequestId };
  if (own) root.links = [linkOf(own)];
  root.isUsed = true;
  return invocation;
}

function linkTo(own, messages) {
  const senders = new Map(messages.filter(({ header }) => header?.isSampled).map(({ header }) => [header.traceId + header.parentId, header]));
  senders.delete(own.traceId + own.parentId);
  if (senders.size === 0) return;
  const root = own.root = new Span(own, undefined, `## ${process.env._HANDLER ?? 'handler'}`, INTERNAL, own.startTime);
  root.attributes = describe(messages);
  root.links = [...senders.values()].slice(0, MOST_LINKS).map(linkOf);
  root.isUsed = true;
}

function linkOf({ traceId, parentId }) {
  return { context: { traceId, spanId: parentId ?? NO_PARENT } };
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/sqs/ */
function describe(messages) {
  const [{ arn }] = messages;
  return arn === undefined ? {} : {
    'messaging.system': 'aws_sqs',
    'messaging.destination.name': nameOf(arn),
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': messages.length,
  };
}

/** Segments of the queue, one for each sender: how long its first message waited. No service records them. */
function waits(messages, now) {
  const queues = new Map();
  for (const { header, id, arn, attributes } of messages) {
    const sent = Number(attributes?.SentTimestamp);
    if (!arn || !(sent > 0) || queues.size >= MOST_QUEUES && !queues.has(header.parentId)) continue;
    const receives = Number(attributes.ApproximateReceiveCount) || 1;
    const received = receives === 1 ? Math.min(Number(attributes.ApproximateFirstReceiveTimestamp) || now, now) : now;
    const known = queues.get(header.parentId);
    if (known && known.start_time * 1e3 <= sent) continue;
    const [, , , region, account] = arn.split(':');
    queues.set(header.parentId, {
      id: known?.id ?? newId(),
      trace_id: `1-${header.traceId.slice(0, 8)}-${header.traceId.slice(8)}`,
      parent_id: header.parentId,
      name: redact.text(nameOf(arn)),
      origin: 'AWS::SQS::Queue',
      resource_arn: redact.text(arn),
      start_time: sent / 1e3,
      end_time: Math.max(sent, received) / 1e3,
      aws: { operation: 'ReceiveMessage', region, account_id: account, message_id: id, receive_count: receives },
    });
  }
  return [...queues.values()];
}

function nameOf(arn) {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
