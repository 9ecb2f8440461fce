import { errorOf } from '../src/deploy';

describe('the error of a CDK command', () => {
  it('is the sentence and the place in the app, without the stack', () => {
    expect(errorOf([
      '/app/node_modules/aws-cdk-lib/core/lib/private/synthesis.js:1',
      '    throw new Error(message);',
      '    ^',
      'Error [ValidationError]: TracedFunction \'Stack/Api\': cannot find a tool',
      'install it',
      '    at namedError (/app/node_modules/x/lib/error.js:11:17)',
      '    at new Stack (/app/bin/stack.ts:20:5)',
      'Node.js v20.20.2',
      'node app.js: Subprocess exited with error 1',
    ].join('\n'))).toBe("TracedFunction 'Stack/Api': cannot find a tool\ninstall it\n  at new Stack (/app/bin/stack.ts:20:5)");
  });

  it('is the sentence of an error that comes without a stack', () => {
    expect(errorOf([
      'cdk-traced-function: bundling stack/py (python)', '/app/lib/bundled-code.ts:28', '          throw failure;', '          ^',
      "[Error [ValidationError]: cannot bundle 'stack/go': cannot find Go (tried 'go' on PATH /bin)]", 'Node.js v20.20.2',
    ].join('\n'))).toBe("cannot bundle 'stack/go': cannot find Go (tried 'go' on PATH /bin)");
  });

  it('is what the CLI says of a deployment that failed', () => {
    expect(errorOf('Small: deploying...\n❌  Small failed: Error: the stack is in ROLLBACK_COMPLETE\n    at x (/cli/node_modules/aws-cdk/lib/index.js:1:1)'))
      .toBe('Small failed: Error: the stack is in ROLLBACK_COMPLETE');
  });

  it('is not what the CLI says of its own work', () => {
    expect(errorOf([
      '✨  Synthesis time: 0.01s', 'Small: start: Building Small Template', 'Small: success: Built Small Template', 'Small: creating CloudFormation changeset...',
      'Template format error: Unrecognized resource types: [AWS::GameLift::Fleet]',
    ].join('\n'))).toBe('Template format error: Unrecognized resource types: [AWS::GameLift::Fleet]');
  });

  it('is the last lines where none is marked', () => {
    expect(errorOf('one\n\ntwo\n')).toBe('one\ntwo');
    expect(errorOf('')).toBeUndefined();
  });
});
