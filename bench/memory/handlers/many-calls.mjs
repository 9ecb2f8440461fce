// The AWS clients' own base class with a command that needs no serializing, signing or retrying: a million calls take a minute, and what tracing does is all there.
import { Client } from '@smithy/core/client';

const client = new Client({
  region: async () => 'eu-west-1',
  requestHandler: {
    async handle() {
      return { response: { statusCode: 200, headers: { 'content-length': '2' } } };
    },
  },
});

class PutItemCommand {
  constructor(input) {
    this.input = input;
  }

  resolveMiddleware(clientStack, { requestHandler }, options) {
    const handler = clientStack.resolve(
      async ({ request }) => ({ ...await requestHandler.handle(request, options), output: { $metadata: { httpStatusCode: 200, requestId: 'REQUEST', attempts: 1 } } }),
      { clientName: 'DynamoDBClient', commandName: 'PutItemCommand' },
    );
    return ({ input }) => handler({ input, request: { headers: {} } });
  }
}

export const handler = async event => {
  await client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: event.id } } }));
  return event.id;
};
