// `eachRecord` and `withRecord` of `cdk-traced-function/runtime` in functions that keep requests which fail.
import { marked } from './record-failure.mjs';
import { recordHandling } from './records.cjs';

export const withRecord = (record, fn) => marked(fn);

export const eachRecord = recordHandling(withRecord);
