"""Handles the records of a batch one by one."""

import sys
import traceback


def record_handling(with_record):
    """:param with_record: runs `function()` in the trace that a record belongs to"""

    def each_record(event, function, report_batch_item_failures=False):
        """
        Calls `function(record)` for each record of an event, in the trace that the record belongs to.

        :param report_batch_item_failures: for an event source with ReportBatchItemFailures: records that fail do not end the others, and what is
            returned has to be the handler's result. Otherwise the first failure is raised.
        """
        records = event if isinstance(event, list) else event.get("Records", [])
        failures = []
        for index, record in enumerate(records):
            try:
                with_record(record, lambda record=record: function(record))
            except Exception as error:
                identifier = _identifier(record)
                if not report_batch_item_failures or identifier is None:
                    raise
                traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)  # it goes no further
                failures.append({"itemIdentifier": identifier})
                is_queue = record.get("eventSource") == "aws:sqs"
                if is_queue and not str(record.get("eventSourceARN")).endswith(".fifo"):
                    continue
                # What is behind it has to wait: a queue is told so of each message, a stream goes back to the first that failed.
                if is_queue:
                    failures.extend({"itemIdentifier": _identifier(rest)} for rest in records[index + 1:])
                break
        return {"batchItemFailures": failures} if report_batch_item_failures else None

    return each_record


def _identifier(record):
    if not isinstance(record, dict):
        return None
    stream = record.get("kinesis") or {}
    table = record.get("dynamodb") or {}
    return record.get("messageId") or stream.get("sequenceNumber") or table.get("SequenceNumber")
