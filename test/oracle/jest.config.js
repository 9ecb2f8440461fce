/** Jest for the oracle: ordinary programs with and without tracing, on AWS's own runtime clients. */
const unit = require('../jest.config.js');

module.exports = { ...unit, rootDir: '../..', testMatch: ['<rootDir>/test/oracle/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/'] };
