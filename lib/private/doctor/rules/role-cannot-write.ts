import { Rule } from './rule';

export const roleCannotWrite: Rule = {
  id: 'TF004',
  name: 'role-cannot-write',
  title: 'The role of a traced function cannot send segments',
  severity: 'error',
  explanation: `Tracing is on, and the function's role allows neither \`xray:PutTraceSegments\` nor has a managed policy that does. Each segment is refused; the function runs on, and no trace arrives.
Roles with policies that are not in the templates, and roles that are not in them, are not reported.`,
  fix: {
    cdk: "role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName('AWSXRayDaemonWriteAccess'))",
    cloudformation: 'ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"]',
    serverless: 'provider: { iam: { role: { managedPolicies: ["arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"] } } }',
  },
  link: 'https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSXRayDaemonWriteAccess.html',
  check: function* ({ app, functions, roles }) {
    for (const { resource, mode, role, isEdge } of functions) {
      if ((mode === 'Active' || mode === 'PassThrough') && !isEdge && role?.maySendTraces === false) {
        yield { resource, message: `tracing is ${mode}, but the role '${role.resource.path}' does not allow xray:PutTraceSegments: no segment arrives` };
      }
    }
    for (const machine of app.ofType('AWS::StepFunctions::StateMachine')) {
      const role = roles.of(machine.properties.RoleArn, machine);
      if (machine.properties.TracingConfiguration?.Enabled === true && role?.maySendTraces === false) {
        yield { resource: machine, message: `tracing is on, but the role '${role.resource.path}' does not allow xray:PutTraceSegments: no segment of the state machine arrives` };
      }
    }
  },
};
