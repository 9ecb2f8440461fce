import { isOn, Rule } from './rule';

export const stateMachineNotTraced: Rule = {
  id: 'TF023',
  name: 'state-machine-not-traced',
  title: 'A state machine breaks the trace',
  severity: 'warning',
  explanation: 'A state machine without tracing neither sends segments nor hands its caller\'s trace on to the functions that it calls: each is a trace of its own.',
  fix: { cdk: 'tracingEnabled: true', cloudformation: 'TracingConfiguration: { Enabled: true }', sam: 'Tracing: { Enabled: true }', serverless: 'stepFunctions: { stateMachines: { <name>: { tracingConfig: { enabled: true } } } }' },
  link: 'https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html',
  check: function* ({ app }) {
    for (const machine of app.ofType('AWS::StepFunctions::StateMachine')) {
      if (/waiter-state-machine/.test(machine.path)) continue; // of CDK's provider framework
      if (isOn(machine.properties.TracingConfiguration?.Enabled) === false) yield { resource: machine, message: 'the state machine is not traced: it is not on the map, and what it calls begins traces of its own' };
    }
  },
};
