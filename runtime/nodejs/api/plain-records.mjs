// `eachRecord` and `withRecord` of `cdk-traced-function/runtime` in functions that stay in Lambda's own trace.
import { recordHandling } from './records.cjs';

export const withRecord = (record, fn) => fn();

export const eachRecord = recordHandling(withRecord);
