import { errorOf } from '../src/cli-error';

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

  const stack = ['    at run (/app/node_modules/x/y.js:1:1)', '    at main (/app/app.ts:7:3)', 'Node.js v20.20.2', 'node app.js: Subprocess exited with error 1'];
  it.each([
    ['a file that cannot be parsed', ['/app/app.js:3', 'const x = ;', '          ^', "SyntaxError: Unexpected token ';'", '    at wrapSafe (node:internal/a:1:2)'],
      "SyntaxError: Unexpected token ';'\n  at /app/app.js:3"],
    ['a compiler in front of Node.js', ['/app/node_modules/ts-node/src/index.ts:859', '    return new TSError(x);', '           ^', 'TSError: ⨯ Unable to compile TypeScript:',
      "app.ts(2,7): error TS2322: Type 'string' is not assignable to type 'number'.", '    at createTSError (/app/node_modules/ts-node/src/index.ts:859:12)'],
    "⨯ Unable to compile TypeScript:\napp.ts(2,7): error TS2322: Type 'string' is not assignable to type 'number'."],
    ['Python', ['Traceback (most recent call last):', '  File "/app/app.py", line 4, in <module>', '    f()', '  File "/venv/lib/python3.13/site-packages/a.py", line 9, in g',
      "KeyError: 'inner'", 'The above exception was the direct cause of the following exception:', 'Traceback (most recent call last):',
      '  File "/app/app.py", line 3, in f', '    return x', "NameError: name 'x' is not defined", 'python3 app.py: Subprocess exited with error 1'],
    "NameError: name 'x' is not defined\n  at /app/app.py:3"],
    ['Java', ['Exception in thread "main" java.lang.IllegalArgumentException: no such size', '\tat software.amazon.awscdk.Size.of(Size.java:1)', '\tat com.example.App.main(App.java:12)'],
      'Exception in thread "main" java.lang.IllegalArgumentException: no such size\n  at com.example.App.main(App.java:12)'],
    ['Maven', ['[INFO] building', '[ERROR] /app/src/App.java:[12,5] cannot find symbol', '  symbol: class X', 'mvn -q compile: Subprocess exited with error 1'],
      '[ERROR] /app/src/App.java:[12,5] cannot find symbol\n  symbol: class X'],
    ['Go', ['# example.com/app', './main.go:12:3: undefined: x', 'go run .: Subprocess exited with error 1'], './main.go:12:3: undefined: x'],
    ['.NET', ["/app/Program.cs(5,9): error CS0103: The name 'x' does not exist", 'dotnet run: Subprocess exited with error 1'], "/app/Program.cs(5,9): error CS0103: The name 'x' does not exist"],
    ["a bundler, in its own words under CDK's", ['✘ [ERROR] Could not resolve "./nope"', '    fn/index.ts:1:14:', "      1 │ import x from './nope'", '1 error',
      `/app/node_modules/aws-cdk-lib/x.js:2\n${'x'.repeat(5000)}`, '    ^', '[«FailedToBundleAsset» Failed to bundle asset A/F', '    ...aws-cdk-lib...',
      '    (no user code in 10 frames, use --stack-trace-limit to capture more)', 'Relates to construct:'],
    "Failed to bundle asset A/F\n✘ [ERROR] Could not resolve \"./nope\"\n    fn/index.ts:1:14:\n      1 │ import x from './nope'"],
    ['annotations', ['app.js:1:147', 'ERROR this is bad (Construct Annotations)', '   A/B', '   Rule x', 'app.js:1:107', 'WARNING beware (Construct Annotations)', '   A', 'Synthesis finished with errors'],
      'this is bad (A/B)\n  at app.js:1:147'],
    ['annotations of an older CLI', ['[Warning at /A] beware', '[Error at /A/B] this is bad', 'Found errors'], 'this is bad (/A/B)'],
    ["behind others' warnings", ['[Warning at /A] beware', '[WARNING] aws-cdk-lib.x is deprecated.', 'a library says: Error: old', 'npm warn old', 'TypeError: no', ...stack],
      'TypeError: no\n  at main (/app/app.ts:7:3)'],
    ['a program that is not there', ['(node:1) Warning: old', '/bin/sh: 1: dotnettt: not found', 'dotnettt run: Subprocess exited with error 127'],
      '/bin/sh: 1: dotnettt: not found\ndotnettt run: Subprocess exited with error 127'],
  ])('is the words, file and line of %s', (_name, lines, expected) => {
    expect(errorOf(lines.join('\n'))).toBe(expected);
  });

  it('is the last lines where none is marked', () => {
    expect(errorOf('one\n\ntwo\n')).toBe('one\ntwo');
    expect(errorOf('')).toBeUndefined();
  });
});
