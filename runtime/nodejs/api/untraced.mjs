// `cdk-traced-function/runtime` where nothing is traced: in tests, and in functions without instrumentation.
export const span = (name, fn) => fn();

export const annotate = () => { /* no trace */ };

export { eachRecord, withRecord } from './plain-records.mjs';
