import json
import re

import boto3

client = boto3.client("events")


def handler(event, context):
    found = re.search(r'"key": ?"([^"]+)"', event["Records"][0]["body"].replace("\\", ""))
    if found:
        client.put_events(Entries=[{"Source": "chain-python", "DetailType": "uploaded", "Detail": json.dumps({"key": found[1]})}])
