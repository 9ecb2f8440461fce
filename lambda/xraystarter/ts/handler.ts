import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context, SNSEvent } from 'aws-lambda';
import { recordHandled } from './handled-items';
import { parseUploads } from './uploads';

const tableName = process.env.TABLE_NAME;
if (!tableName) throw new Error('the environment variable TABLE_NAME is not set: it must hold the name of the DynamoDB table');
const client = new DynamoDBClient({});

/**
 * Records every upload that an SNS event tells of. Handles everything that can be handled, then fails if anything could not be:
 * Lambda's retry repeats the good part without effect, and the dead-letter queue gets what fails for good.
 */
export async function handler(event: SNSEvent, context: Context): Promise<void> {
  const { uploads, failures, ignored } = parseUploads(event);
  let written = 0, unchanged = 0;
  for (const upload of uploads) {
    try {
      if (await recordHandled(client, tableName!, upload, new Date())) written++;
      else unchanged++;
    } catch (error) {
      const { name, message } = error as Error;
      failures.push({ messageId: upload.messageId, reason: `cannot write to the table: ${name}: ${message}` });
    }
  }

  const requestId = context.awsRequestId;
  for (const failure of failures) log({ level: 'ERROR', message: 'record not handled', requestId, ...failure });
  log({ level: 'INFO', message: 'event handled', requestId, written, unchanged, ignored, failed: failures.length });
  if (failures.length > 0) {
    throw new Error(`${failures.length} not handled; the first, of SNS message ${failures[0].messageId}: ${failures[0].reason}`);
  }
}

function log(line: Record<string, string | number>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
