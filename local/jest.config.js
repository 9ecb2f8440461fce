// The AWS SDK tells on every start that Node.js 20 is old.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

require('../test/uv-on-path');

/** Tests of the local X-Ray. swc only strips types: `tsc --noEmit` checks them. */
module.exports = {
  displayName: 'local',
  rootDir: __dirname,
  testEnvironment: 'node',
  maxWorkers: '100%', // Jest would leave one core to itself: half of a machine with two
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.[cm]?tsx?$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' } }] },
};
