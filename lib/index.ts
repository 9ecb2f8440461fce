export * from './bundling';
export * from './instrumentation';
export * from './python-dependencies';
export * from './sdk-delivery';
export * from './traced-function';
export * from './tracing-layer';
