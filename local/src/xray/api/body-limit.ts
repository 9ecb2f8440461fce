/** A PutTraceSegments call carries up to 50 documents of 64 KB; an import may carry more. */
export const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
