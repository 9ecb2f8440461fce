export * from './bundling';
export * from './instrumentation';
export * from './instrumentation-options';
export * from './python-dependencies';
export * from './sdk-delivery';
export * from './traced-function';
export * from './traced-function-props';
export * from './tracing-layer';
