/** Tests of the local X-Ray. swc only strips types: `tsc --noEmit` checks them. */
module.exports = {
  displayName: 'local',
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.[cm]?tsx?$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' } }] },
};
