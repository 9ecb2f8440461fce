import { ConditionalCheckFailedException, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Upload } from './uploads';

/** The attribute that shows when this function handled a key; the two others write `py` and `go`. */
const ATTRIBUTE = 'ts';

/**
 * Writes when this function handled an upload into the item of its key, unless the same or a newer event of that key is there already.
 *
 * @returns whether it changed the item
 */
export async function recordHandled(client: DynamoDBClient, tableName: string, upload: Upload, time: Date): Promise<boolean> {
  const ordered = upload.sequencer !== undefined;
  try {
    await client.send(new UpdateItemCommand({
      TableName: tableName,
      Key: { itemID: { S: upload.key } },
      UpdateExpression: ordered ? 'SET #time = :time, #sequencer = :sequencer' : 'SET #time = :time',
      ConditionExpression: ordered ? 'attribute_not_exists(#sequencer) OR #sequencer < :sequencer' : 'attribute_not_exists(#time)',
      ExpressionAttributeNames: { '#time': ATTRIBUTE, ...(ordered && { '#sequencer': `${ATTRIBUTE}Sequencer` }) },
      ExpressionAttributeValues: { ':time': { S: time.toISOString() }, ...(upload.sequencer !== undefined && { ':sequencer': { S: upload.sequencer } }) },
    }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
