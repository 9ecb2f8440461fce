import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { AwsClient } from 'aws4fetch';
import type { TrafficContext } from './sample';
import { LOCAL_REGION } from '../xray/local-place';

/**
 * Sends JSON to a REST API of API Gateway, signed with the credentials that the AWS SDK's clients use too, as the trace of this id.
 *
 * @throws with the API's message when it answers with anything but 2xx
 */
export async function sendSigned<T>(
  context: TrafficContext, traceId: string, method: 'GET' | 'POST', url: string, body?: object, headers: Record<string, string> = {},
): Promise<T> {
  const region = /\.execute-api\.([a-z0-9-]+)\./.exec(new URL(url).hostname)?.[1] ?? LOCAL_REGION;
  const client = new AwsClient({ ...await defaultProvider()(), service: 'execute-api', region, retries: 0 });
  const response = await client.fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json', 'X-Amzn-Trace-Id': `Root=${traceId};Sampled=1`, ...headers },
    body: body && JSON.stringify(body),
    signal: context.signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} was answered with ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}
