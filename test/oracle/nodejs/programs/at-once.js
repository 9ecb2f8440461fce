// Requests that run at the same time in one environment: each waits until another one is under way, where the environment has several.
const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');

const client = new DynamoDBClient({});
let running = 0;

exports.handler = async ({ table }) => {
  running += 1;
  for (let i = 0; i < 20 && running < 2; i += 1) await new Promise(resolve => setTimeout(resolve, 10));
  const together = running;
  await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: 'a' } } }));
  await fetch(`${process.env.AWS_ENDPOINT_URL}/status/200`);
  running -= 1;
  return together;
};
