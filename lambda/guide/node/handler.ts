import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parseObjectRequest } from './object-request';

const defaultBucketName = process.env.BUCKET_NAME;
if (!defaultBucketName) throw new Error('the environment variable BUCKET_NAME is not set: it must hold the name of the bucket');
const client = new S3Client({});

/** Puts an object into a bucket. The same event again writes the same object. */
export async function handler(event: unknown): Promise<{ bucket_name: string; bucket_key: string; put_response: number }> {
  const { bucketName, key, body } = parseObjectRequest(event, defaultBucketName!);
  const { $metadata } = await client.send(new PutObjectCommand({ Bucket: bucketName, Key: key, Body: body }));
  return { bucket_name: bucketName, bucket_key: key, put_response: $metadata.httpStatusCode! };
}
