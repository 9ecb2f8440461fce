import { OpenTelemetryOptions, XRaySdkOptions } from '../../instrumentation-options';

/** Options of every kind of instrumentation. */
export interface CaptureOptions extends XRaySdkOptions, OpenTelemetryOptions {}
