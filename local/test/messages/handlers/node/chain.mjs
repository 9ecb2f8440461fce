import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

const client = new EventBridgeClient();

export async function handler({ Records }) {
  const key = /"key": ?"([^"]+)"/.exec(Records[0].body.replaceAll('\\', ''))?.[1];
  if (key) await client.send(new PutEventsCommand({ Entries: [{ Source: 'chain-node', DetailType: 'uploaded', Detail: JSON.stringify({ key }) }] }));
}
