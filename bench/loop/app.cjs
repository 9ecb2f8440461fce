// One traced function.
const path = require('node:path');
const { App, CfnOutput, Stack } = require('aws-cdk-lib');
const { TracedFunction } = require('cdk-traced-function');

const stack = new Stack(new App(), 'loop');
const fn = new TracedFunction(stack, 'Function', { entry: path.join(__dirname, 'lambda', 'handler.ts') });
new CfnOutput(stack, 'FunctionName', { value: fn.functionName });
