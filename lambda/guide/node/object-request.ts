/** What a caller asks for. */
export interface ObjectRequest {
  readonly bucketName: string;
  /** 1 to 1,024 bytes of UTF-8. */
  readonly key: string;
  readonly body: string;
}

const LONGEST_KEY_BYTES = 1_024;

/**
 * The request in an event of the guide: `{ bucket_name, bucket_key, body }`, where `bucket_name` may be left out.
 *
 * @throws Error that says what is wrong without showing the content
 */
export function parseObjectRequest(event: unknown, defaultBucketName: string): ObjectRequest {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new Error('the event has to be a JSON object');
  const { bucket_name: bucketName = defaultBucketName, bucket_key: key, body } = event as Record<string, unknown>;
  if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > LONGEST_KEY_BYTES) throw new Error("'bucket_key' has to be text of 1 to 1,024 bytes");
  if (typeof body !== 'string') throw new Error("'body' has to be text");
  if (typeof bucketName !== 'string' || bucketName === '') throw new Error("'bucket_name' has to be the name of a bucket");
  return { bucketName, key, body };
}
