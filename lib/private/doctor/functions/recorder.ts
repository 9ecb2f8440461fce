/** What records the calls of a function. */
export type Recorder = 'cdk-traced-function' | 'X-Ray SDK' | 'OpenTelemetry' | 'Powertools' | 'Datadog' | 'another product' | 'none' | 'unknown';

/**
 * Names that stay in a package however it was made: minified, zipped, linked into a binary. Those of this library are the mark of its packages.
 * The first that is found counts: each of the others may be there because of one that stands above it.
 */
const MARKS: readonly (readonly [Recorder, RegExp])[] = [
  ['cdk-traced-function', /cdk-traced-function|cdk_traced_function|cdktracedfunction\//],
  ['Datadog', /datadog-lambda-js|datadog_lambda|dd-trace|ddtrace|datadog-lambda-go|com\/datadoghq\//],
  ['Powertools', /@aws-lambda-powertools\/tracer|POWERTOOLS_TRACE_ENABLED|POWERTOOLS_TRACER_CAPTURE|aws_lambda_powertools[\\/]+tracing|software\/amazon\/lambda\/powertools\/tracing|powertools-tracing/],
  ['X-Ray SDK', /aws-xray-sdk|AWS_XRAY_CONTEXT_MISSING|aws_xray_sdk|com\/amazonaws\/xray\/|aws-xray-recorder-sdk/],
  ['OpenTelemetry', /@opentelemetry\/(?:sdk|instrumentation|auto)|opentelemetry[\\/_-]+(?:sdk|instrumentation)|io\/opentelemetry\/sdk\/|go\.opentelemetry\.io\/otel\/sdk|OTEL_EXPORTER_OTLP_TRACES_ENDPOINT/],
  ['another product', /newrelic|@lumigo\/tracer|lumigo_tracer|@sentry\/aws-serverless|@sentry\/serverless|sentry_sdk[\\/]integrations|epsagon|@dynatrace|thundra|@honeycombio/],
];

/** Layers by their names, in ARNs. */
const LAYERS: readonly (readonly [Recorder, RegExp])[] = [
  ['OpenTelemetry', /:layer:(?:AWSOpenTelemetryDistro|aws-otel-|opentelemetry-)/],
  ['Datadog', /:layer:(?:Datadog-|dd-trace)/],
  ['Powertools', /:layer:AWSLambdaPowertools/],
  ['another product', /:layer:(?:NewRelic|lumigo-|Sentry|Dynatrace|epsagon|thundra|elastic-apm|honeycomb|SplunkAPM|splunk-apm|instana|Lumigo)/i],
];

export function recorderIn(text: string): Recorder | undefined {
  return MARKS.find(([, pattern]) => pattern.test(text))?.[0];
}

export function recorderOfLayer(arn: string): Recorder | undefined {
  return LAYERS.find(([, pattern]) => pattern.test(arn))?.[0];
}

/** Of several parts of a function, such as its package and its layers. */
export function strongest(recorders: readonly (Recorder | undefined)[]): Recorder | undefined {
  const order = MARKS.map(([recorder]) => recorder);
  return [...recorders].filter(recorder => recorder !== undefined && recorder !== 'none' && recorder !== 'unknown').sort((one, other) => order.indexOf(one!) - order.indexOf(other!))[0]
    ?? recorders.find(recorder => recorder === 'unknown');
}
