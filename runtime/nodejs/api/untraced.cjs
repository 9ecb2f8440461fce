'use strict';
// `cdk-traced-function/runtime` where nothing is traced, for tests in CommonJS.
const { recordHandling } = require('./records.cjs');

exports.span = (name, fn) => fn();
exports.annotate = () => { /* no trace */ };
exports.withRecord = (record, fn) => fn();
exports.eachRecord = recordHandling(exports.withRecord);
