// eslint-disable-next-line import/no-extraneous-dependencies -- Jest itself gives this module to those that it runs
import { expect } from '@jest/globals';
import { traceMatchers, type TraceMatchers } from './trace-matchers';

/** Adds the trace matchers to Jest's `expect`, with their types: `import 'cdk-traced-function-local/assertions/jest'`. */
expect.extend(traceMatchers);

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how the types of @types/jest are extended
  namespace jest {
    interface Matchers<R> extends TraceMatchers<R> {}
  }
}
declare module 'expect' { // those of @jest/globals
  interface Matchers<R extends void | Promise<void>> extends TraceMatchers<R> {}
}

export * from './index';
