import * as path from 'path';
import { StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Bundling, PythonDependencies } from '../lib';
import { SampleStack } from './sample-stack';

/**
 * The sample 'blank function (Python)' of the Lambda guide: what the function requires is in a layer of its own, so that a change of the code
 * uploads the code and nothing else. The function asks Lambda for the account's settings.
 */
export class BlankPythonStack extends SampleStack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'X-Ray on Lambda: a function in Python whose dependencies are in a layer of its own', ...props });
    const deadLetters = this.addDeadLetterQueue();
    const fn = this.addFunction('blank-python', deadLetters, {
      entry: path.join(__dirname, '..', 'lambda', 'blank-python'),
      bundling: Bundling.python({ dependencies: PythonDependencies.ownLayer(), exclude: ['test_handler.py'] }),
      memorySize: 256,
    });
    fn.addToRolePolicy(new iam.PolicyStatement({ actions: ['lambda:GetAccountSettings'], resources: ['*'] }));
    this.acknowledge(fn.role!, 'AwsSolutions-IAM5[Resource::*]', "The account's settings are no resource that could be named");

    this.addOutput('LambdaName', fn.functionName, 'Function in Python');
    this.addDeadLetterOutputs(deadLetters);
  }
}
