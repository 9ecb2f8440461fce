// A handler that is given its work: what is thrown and returned is drawn by fast-check in properties.cjs.
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const requestHandler = { handle: async () => globalThis.answerOfAws(), metadata: { handlerProtocol: 'http/1.1' }, updateHttpClientConfig() {}, httpHandlerConfigs: () => ({}) };
const client = new DynamoDBClient({ region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1, requestHandler });

globalThis.callAws = () => client.send(new GetItemCommand({ TableName: 'items', Key: { id: { S: 'a' } } }));
export const handler = (event, context) => globalThis.program(event, context);
