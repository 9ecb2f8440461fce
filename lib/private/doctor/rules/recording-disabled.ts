import { Rule, tracedFunctions } from './rule';

/** Variables that turn recording off, with the values that do. */
const SWITCHES: Record<string, RegExp> = {
  OTEL_SDK_DISABLED: /^true$/i, OTEL_TRACES_SAMPLER: /^(?:parentbased_)?always_off$/, OTEL_TRACES_EXPORTER: /^none$/, AWS_XRAY_SDK_ENABLED: /^(?:false|0|no|n)$/i,
  POWERTOOLS_TRACE_DISABLED: /^(?:true|1|yes|y)$/i, POWERTOOLS_TRACE_ENABLED: /^(?:false|0|no|n)$/i, DD_TRACE_ENABLED: /^(?:false|0)$/i,
};

export const recordingDisabled: Rule = {
  id: 'TF017',
  name: 'recording-disabled',
  title: 'A variable turns recording off',
  severity: 'error',
  explanation: `Tracing is on and an SDK is there, and an environment variable tells the SDK to record nothing (${Object.keys(SWITCHES).map(name => `\`${name}\``).join(', ')}).`,
  fix: { cdk: '// remove the variable', cloudformation: '# remove the variable' },
  link: 'https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/',
  check: function* (examined) {
    for (const { resource, variables } of tracedFunctions(examined)) {
      for (const [name, off] of Object.entries(SWITCHES)) {
        if (off.test(variables[name] ?? '')) yield { resource, message: `${name} is '${variables[name]}': the SDK records nothing`, ...name === 'OTEL_TRACES_SAMPLER' && variables[name].startsWith('parent') ? { severity: 'warning' as const } : {} };
      }
    }
  },
};
