export * from './bundling';
export * from './instrumentation';
export * from './sdk-delivery';
export * from './traced-function';
export * from './tracing-layer';
