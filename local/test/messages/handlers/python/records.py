from cdk_traced_function.runtime import annotate, each_record, span


@span("handle")
def handle(record):
    annotate("body", record["body"])
    if record["body"].startswith("bad") or (record["body"] == "once" and record["attributes"]["ApproximateReceiveCount"] == "1"):
        raise ValueError(f"{record['body']} is refused")


def handler(event, context):
    return each_record(event, handle, report_batch_item_failures=True)
