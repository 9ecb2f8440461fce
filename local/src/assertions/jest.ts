import { traceMatchers, type TraceMatchers } from './trace-matchers';

/** Adds the trace matchers to Jest's `expect`, with their types: `import 'cdk-traced-function-local/assertions/jest'`. */
expect.extend(traceMatchers);

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Jest's own types are extended
  namespace jest {
    interface Matchers<R> extends TraceMatchers<R> {}
  }
}

export * from './index';
