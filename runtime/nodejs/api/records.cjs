'use strict';
// Handles the records of a batch one by one.

/**
 * @param {(record: object, fn: () => unknown) => unknown} within runs a function in the trace that a record belongs to
 * @returns `eachRecord` of `cdk-traced-function/runtime`
 */
exports.recordHandling = function recordHandling(within) {
  return async function eachRecord(event, fn, { reportBatchItemFailures = false } = {}) {
    const records = Array.isArray(event) ? event : event?.Records ?? [];
    const batchItemFailures = [];
    for (const [index, record] of records.entries()) {
      try {
        await within(record, () => fn(record, index));
      } catch (error) {
        const id = idOf(record);
        if (!reportBatchItemFailures || id === undefined) throw error;
        console.error(error); // it goes no further
        batchItemFailures.push({ itemIdentifier: id });
        if (!isOrdered(record)) continue;
        // What is behind it has to wait: a queue is told so of each message, a stream goes back to the first that failed.
        if (record.eventSource === 'aws:sqs') batchItemFailures.push(...records.slice(index + 1).map(rest => ({ itemIdentifier: idOf(rest) })));
        break;
      }
    }
    return reportBatchItemFailures ? { batchItemFailures } : undefined;
  };
};

function idOf({ messageId, kinesis, dynamodb }) {
  return messageId ?? kinesis?.sequenceNumber ?? dynamodb?.SequenceNumber;
}

function isOrdered({ eventSource, eventSourceARN }) {
  return eventSource !== 'aws:sqs' || /\.fifo$/.test(eventSourceARN);
}
