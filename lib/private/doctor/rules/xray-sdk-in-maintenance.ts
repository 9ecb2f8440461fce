import { Rule, tracedFunctions } from './rule';

export const xraySdkInMaintenance: Rule = {
  id: 'TF015',
  name: 'xray-sdk-in-maintenance',
  title: 'The X-Ray SDK is in maintenance',
  severity: 'note',
  explanation: `AWS has put the X-Ray SDKs and daemon into maintenance in February 2026: security fixes only, and support ends in 2027. X-Ray the service, and Lambda's own segments, stay.
Functions of this library are not reported: they move by one prop.`,
  fix: { cdk: 'new TracedFunction(this, ..., { entry, instrumentation: Instrumentation.openTelemetry() })', cloudformation: '# the layer of AWS\'s OpenTelemetry distribution, or OpenTelemetry in the code' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-daemon-timeline.html',
  check: function* (examined) {
    for (const { resource, recorder } of tracedFunctions(examined)) {
      if (recorder === 'X-Ray SDK') yield { resource, message: 'the package records with the X-Ray SDK, which gets security fixes only' };
    }
  },
};
