from cdk_traced_function.runtime import annotate


def handler(event, context):
    annotate("redriven", event["Records"][0]["body"])
