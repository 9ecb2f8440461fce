import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    client.put_item(TableName="items", Item={"id": {"S": event["id"]}})
    return event["id"]
