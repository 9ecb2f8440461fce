import * as path from 'path';
import { StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Bundling } from '../lib';
import { SampleStack } from './sample-stack';

const HANDLERS = path.join(__dirname, '..', 'lambda', 'guide');

/**
 * The examples of the Lambda guide's chapter on X-Ray: a Node.js function puts an object into a bucket; a Python function puts one and gets it
 * back, with subsegments of its own. Called synchronously and asynchronously they show the two structures of a trace.
 */
export class GuideStack extends SampleStack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: "X-Ray on Lambda: the guide's examples, called synchronously and asynchronously", ...props });
    const bucket = this.addBucket('Objects');
    const deadLetters = this.addDeadLetterQueue();
    const environment = { BUCKET_NAME: bucket.bucketName };

    const node = this.addFunction('guide-node', deadLetters, { entry: path.join(HANDLERS, 'node', 'handler.ts'), environment, memorySize: 256 });
    this.allowObjects(node, bucket, 's3:PutObject');

    const python = this.addFunction('guide-python', deadLetters, {
      entry: path.join(HANDLERS, 'py'),
      bundling: Bundling.python({ exclude: ['test_handler.py'] }),
      environment,
      memorySize: 256,
    });
    this.allowObjects(python, bucket, 's3:PutObject', 's3:GetObject');

    this.addOutput('BucketName', bucket.bucketName, 'Where the functions put their objects; empty it before cdk destroy');
    this.addOutput('LambdaNameNode', node.functionName, 'Function in TypeScript');
    this.addOutput('LambdaNamePython', python.functionName, 'Function in Python');
    this.addDeadLetterOutputs(deadLetters);
  }
}
