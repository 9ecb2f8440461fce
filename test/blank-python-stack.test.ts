import { checkWithNag, expectDeadLetterQueue, SampleTemplate } from './sample-template';
import { BlankPythonStack } from '../bin/blank-python-stack';

describe('the sample blank-python', () => {
  let sample: SampleTemplate;
  beforeAll(() => { sample = new SampleTemplate(app => new BlankPythonStack(app, 'blank-python')); });

  it('keeps its failed events', () => {
    expectDeadLetterQueue(sample.template);
  });

  it('traces the function, whose dependencies are in a layer of its own', () => {
    sample.template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'blank-python',
      TracingConfig: { Mode: 'Active' },
      Layers: [{ Ref: sample.idOf('AWS::Lambda::LayerVersion') }],
    });
  });

  it("lets the function read the account's settings and nothing else", () => {
    expect(sample.grantedTo('blankpython')).toEqual([
      sample.ownLog('blankpython'),
      sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: 'lambda:GetAccountSettings', Resource: '*' },
    ]);
  });

  it('has the outputs that people and scripts look for', () => {
    expect(sample.outputs()).toEqual(['DeadLetterQueueName', 'DeadLetterQueueUrl', 'LambdaName']);
  });

  it('breaks no rule of cdk-nag without a reason', () => {
    checkWithNag(app => new BlankPythonStack(app, 'blank-python'));
  });

  it('keeps its template', () => {
    expect(sample.withoutAssetHashes()).toMatchSnapshot();
  });
});
