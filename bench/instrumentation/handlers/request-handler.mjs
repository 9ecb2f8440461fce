const body = Buffer.from('{}');

/** Answers as DynamoDB does when there is nothing to tell. */
export const requestHandler = {
  metadata: { handlerProtocol: 'http/1.1' },
  async handle() {
    await new Promise(setImmediate); // as a network would, it lets the event loop turn, and what was recorded be sent
    return { response: { statusCode: 200, headers: { 'x-amzn-requestid': 'REQUEST', 'content-length': '2' }, body } };
  },
  httpHandlerConfigs: () => ({}),
  updateHttpClientConfig() { /* nothing to configure */ },
  destroy() { /* nothing to close */ },
};
