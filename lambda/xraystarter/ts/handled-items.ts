import { ConditionalCheckFailedException, UpdateItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Upload } from './uploads';

/** The attribute that shows when this function handled a key; the two others write `py` and `go`. */
const ATTRIBUTE = 'ts';

/**
 * Writes when this function handled an upload into the item of its key, unless the same or a newer event of that key is there already.
 *
 * @returns whether it changed the item
 */
export async function recordHandled(client: DynamoDBClient, tableName: string, upload: Upload, time: Date): Promise<boolean> {
  const names: Record<string, string> = { '#time': ATTRIBUTE };
  const values: Record<string, AttributeValue> = { ':time': { S: time.toISOString() } };
  let [update, condition] = ['SET #time = :time', 'attribute_not_exists(#time)'];
  if (upload.sequencer !== undefined) {
    names['#sequencer'] = `${ATTRIBUTE}Sequencer`;
    values[':sequencer'] = { S: upload.sequencer };
    [update, condition] = ['SET #time = :time, #sequencer = :sequencer', 'attribute_not_exists(#sequencer) OR #sequencer < :sequencer'];
  }
  try {
    await client.send(new UpdateItemCommand({
      TableName: tableName,
      Key: { itemID: { S: upload.key } },
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
