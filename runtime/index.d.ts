// `cdk-traced-function/runtime`, for handlers in Node.js. What it records depends on the function's instrumentation; in tests it records nothing.

export type AnnotationValue = string | number | boolean;

/**
 * Runs a function within a span of its own: what it calls hangs under it, and what it throws is recorded with it. Gives what the function gives; of a
 * promise, the span lasts until it is settled.
 */
export declare function span<T>(name: string, fn: () => T): T;

/** Annotates the span that is active, or the handler: X-Ray finds traces by it. */
export declare function annotate(key: string, value: AnnotationValue): void;
export declare function annotate(annotations: Readonly<Record<string, AnnotationValue>>): void;

/** Runs a function in the trace that a record of a batch belongs to, where the function's `messages` is `MessageTracing.continueTrace()`. */
export declare function withRecord<T>(record: unknown, fn: () => T): T;

export interface BatchItemFailures {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Calls a function for each record of an event, one after the other, each in the trace that the record belongs to. The first failure is thrown.
 *
 * With `reportBatchItemFailures`, for an event source that has it too, a record that fails does not end the others, except behind it in a FIFO queue or a stream;
 * return to Lambda what is returned here.
 */
export declare function eachRecord<R>(
  event: { readonly Records: readonly R[] } | readonly R[], fn: (record: R, index: number) => unknown, options: { readonly reportBatchItemFailures: true },
): Promise<BatchItemFailures>;
export declare function eachRecord<R>(
  event: { readonly Records: readonly R[] } | readonly R[], fn: (record: R, index: number) => unknown, options?: { readonly reportBatchItemFailures?: boolean },
): Promise<BatchItemFailures | undefined>;
