/** Jest for the library, the sample stacks and the handlers in TypeScript. swc compiles without checking types: jsii and `tsc --noEmit` do that. */
// Tests see what is built, and not what an earlier run has left in the user's cache.
process.env.CDK_TRACED_FUNCTION_CACHE ??= 'off';

require('./uv-on-path');

module.exports = {
  rootDir: '..',
  // Jest would leave one core to itself: half of a machine with two.
  maxWorkers: '100%',
  // Against tests that hang, and no measure: real tools on a busy machine take their time.
  testTimeout: 300_000,
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/lambda/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/oracle/', '<rootDir>/test/published/'], // rings of their own
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }] },
};
