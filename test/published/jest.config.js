/** Jest for what is published, in apps of its own: each file is a ring, which `npm test -- versions` and the like run. */
const unit = require('../jest.config.js');

module.exports = { ...unit, rootDir: '../..', testMatch: ['<rootDir>/test/published/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/'], maxWorkers: 1, testTimeout: 1_200_000 };
