import { annotate, eachRecord, span } from 'cdk-traced-function/runtime';

export async function handler(event) {
  return eachRecord(event, ({ attributes, body }) => span('handle', async () => {
    annotate('body', body);
    if (body.startsWith('bad') || (body === 'once' && attributes.ApproximateReceiveCount === '1')) throw new Error(`${body} is refused`);
  }), { reportBatchItemFailures: true });
}
