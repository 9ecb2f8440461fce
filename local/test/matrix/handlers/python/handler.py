"""What everybody writes: clients made at load, calls one after the other. Not a line of tracing."""

import os
import sqlite3

import boto3
import requests

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
sns = boto3.client("sns")
sqs = boto3.client("sqs")


def handler(event, context):
    name = context.function_name
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item={"id": {"S": name}})
    try:
        dynamodb.get_item(TableName="missing", Key={"id": {"S": name}})
        missing = "found"
    except dynamodb.exceptions.ResourceNotFoundException as error:
        missing = type(error).__name__
    s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key=name, Body=b"calls")
    sns.publish(TopicArn=os.environ["TOPIC_ARN"], Message="calls")
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="calls")
    status = requests.get(f"{event['url']}/http", timeout=5).status_code
    database = sqlite3.connect(":memory:")
    answer = database.cursor().execute("SELECT 1 + 1").fetchone()[0]
    database.close()
    return {"missing": missing, "http": status, "sql": answer}
