"""What everybody writes, with what Lambda's runtime has. Not a line of tracing."""

import os
import sqlite3
import urllib.error
import urllib.request

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    name = context.function_name
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item={"id": {"S": name}})
    try:
        dynamodb.get_item(TableName="missing", Key={"id": {"S": name}})
        missing = "found"
    except dynamodb.exceptions.ResourceNotFoundException as error:
        missing = type(error).__name__
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET_NAME"], Key=name, Body=b"calls")
    boto3.client("sns").publish(TopicArn=os.environ["TOPIC_ARN"], Message="calls")
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="calls")
    try:
        status = urllib.request.urlopen(f"{event['url']}/http", timeout=5).status
    except urllib.error.HTTPError as error:
        status = error.code
    database = sqlite3.connect(":memory:")
    answer = database.cursor().execute("SELECT 1 + 1").fetchone()[0]
    database.close()
    return {"missing": missing, "http": status, "sql": answer}
