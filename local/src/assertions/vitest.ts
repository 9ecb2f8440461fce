import { expect } from 'vitest';
import { traceMatchers, type TraceMatchers } from './trace-matchers';

/** Adds the trace matchers to Vitest's `expect`, with their types: `import 'cdk-traced-function-local/assertions/vitest'`. */
expect.extend(traceMatchers);

declare module 'vitest' {
  interface Matchers<T = any> extends TraceMatchers<T> {}
}

export * from './index';
