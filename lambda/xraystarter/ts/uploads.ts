import type { SNSEvent } from 'aws-lambda';

/** One record of an S3 event notification. */
export interface Upload {
  /** The object's key, URL-decoded: at most 1,024 bytes of UTF-8. */
  readonly key: string;
  /** S3's order of the events of one key, made comparable; records of some kinds of event have none. */
  readonly sequencer?: string;
  /** Of the SNS message that the record came in. */
  readonly messageId: string;
}

/** A message, or one record of it, that cannot be handled. The reason names no content. */
export interface Failure {
  readonly messageId: string;
  readonly reason: string;
}

export interface ParsedEvent {
  readonly uploads: Upload[];
  readonly failures: Failure[];
  /** How many messages were S3 test events. */
  readonly ignored: number;
}

/** S3 says: pad the shorter of two sequencers on the right with zeros, then compare as text. A fixed width does that once and for all. */
const SEQUENCER_WIDTH = 32;

/**
 * Every record of every message in an SNS event whose messages are S3 event notifications.
 * Source of the format: Amazon S3 User Guide, "Event message structure".
 *
 * @throws Error when it is no SNS event at all; what is wrong inside one message is a failure beside the rest
 */
export function parseUploads(event: SNSEvent): ParsedEvent {
  const parsed = { uploads: [] as Upload[], failures: [] as Failure[], ignored: 0 };
  if (!Array.isArray(event?.Records) || event.Records.length === 0) throw new Error('the event is not an SNS event: it has no records');
  for (const snsRecord of event.Records) {
    const sns = snsRecord?.Sns;
    if (typeof sns?.Message !== 'string') throw new Error('the event is not an SNS event: a record has no message');
    const messageId = sns.MessageId;
    const fail = (reason: string) => parsed.failures.push({ messageId, reason });

    let message: any;
    try {
      message = JSON.parse(sns.Message);
    } catch {
      fail('the message is not JSON'); // the parser's own error quotes the content
      continue;
    }
    // Sent once, when the notification is configured.
    if (message?.Service === 'Amazon S3' && message.Event === 's3:TestEvent') {
      parsed.ignored++;
      continue;
    }
    if (!Array.isArray(message?.Records) || message.Records.length === 0) {
      fail('the message is not an S3 event: it has no records');
      continue;
    }
    for (const [index, record] of message.Records.entries()) {
      const upload = parseRecord(record);
      if (typeof upload === 'string') fail(`record ${index + 1} ${upload}`);
      else parsed.uploads.push({ ...upload, messageId });
    }
  }
  return parsed;
}

/** The upload, or what is wrong with the record. */
function parseRecord(record: any): Omit<Upload, 'messageId'> | string {
  if (record?.eventSource !== 'aws:s3') return "is not an S3 event: it has no eventSource 'aws:s3'";
  const { key: encodedKey, sequencer } = record.s3?.object ?? {};
  if (typeof encodedKey !== 'string' || encodedKey === '') return 'has no object key';
  let key: string;
  try {
    key = decodeURIComponent(encodedKey.replaceAll('+', ' '));
  } catch {
    return 'has an object key that is not URL-encoded UTF-8';
  }
  return typeof sequencer === 'string' && sequencer !== '' ? { key, sequencer: sequencer.toUpperCase().padEnd(SEQUENCER_WIDTH, '0') } : { key };
}
