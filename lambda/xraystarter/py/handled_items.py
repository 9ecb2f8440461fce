"""The table's items: one for each key, which shows when each of the three functions handled it."""

from datetime import datetime, timezone
from typing import Any

from uploads import Upload

# The attribute that shows when this function handled a key; the two others write `ts` and `go`.
ATTRIBUTE = "py"


def record_handled(client: Any, table_name: str, upload: Upload, time: datetime) -> bool:
    """Write when this function handled an upload into the item of its key, unless the same or a newer event of that key is there already.

    Returns whether it changed the item.
    """
    names = {"#time": ATTRIBUTE}
    values = {":time": {"S": time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")}}
    update, condition = "SET #time = :time", "attribute_not_exists(#time)"
    if upload.sequencer is not None:
        names["#sequencer"] = f"{ATTRIBUTE}Sequencer"
        values[":sequencer"] = {"S": upload.sequencer}
        update = "SET #time = :time, #sequencer = :sequencer"
        condition = "attribute_not_exists(#sequencer) OR #sequencer < :sequencer"
    try:
        client.update_item(
            TableName=table_name,
            Key={"itemID": {"S": upload.key}},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
