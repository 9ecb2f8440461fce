/** Jest for the library, the sample stacks and the handlers in TypeScript. swc compiles without checking types: jsii and `tsc --noEmit` do that. */
module.exports = {
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/lambda/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }] },
};
