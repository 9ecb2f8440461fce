import { expect } from 'vitest';
import { traceMatchers, type TraceMatchers } from './trace-matchers';

/** Adds the trace matchers to Vitest's `expect`, with their types: `import 'cdk-traced-function-local/assertions/vitest'`. */
expect.extend(traceMatchers);

declare global {
  // Vitest's assertions have all that Jest's global ones have. The module 'vitest' would be another one where this package is linked.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how these types are extended
  namespace jest {
    interface Matchers<R> extends TraceMatchers<R> {}
  }
}

export * from './index';
