import { isOn, Rule } from './rule';

export const restStageNotTraced: Rule = {
  id: 'TF022',
  name: 'rest-stage-not-traced',
  title: 'The stage of a REST API is not traced',
  severity: 'warning',
  explanation: 'Without tracing a stage sends no segment: latency and errors of the API itself (authorizers, mapping, throttling) are not in the trace, and the sampling decision is left to the function.',
  fix: {
    cdk: 'deployOptions: { tracingEnabled: true }', cloudformation: 'TracingEnabled: true', sam: 'TracingEnabled: true  # for the API that SAM makes: Globals: { Api: { TracingEnabled: true } }',
    serverless: 'provider: { tracing: { apiGateway: true } }',
  },
  link: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html',
  check: function* ({ app }) {
    for (const stage of app.ofType('AWS::ApiGateway::Stage')) {
      if (isOn(stage.properties.TracingEnabled) === false) yield { resource: stage, message: `the stage '${app.text(stage.properties.StageName, stage.template) ?? ''}' of the REST API is not traced: the API is not on the map` };
    }
    for (const deployment of app.ofType('AWS::ApiGateway::Deployment')) {
      const { StageName: name, StageDescription: description } = deployment.properties;
      if (name !== undefined && isOn(description?.TracingEnabled) === false) {
        yield {
          resource: deployment, message: `the stage '${app.text(name, deployment.template) ?? ''}' that the deployment makes is not traced: the API is not on the map`,
          fix: { cloudformation: 'StageDescription: { TracingEnabled: true }', cdk: 'stageDescription: { tracingEnabled: true }', serverless: 'provider: { tracing: { apiGateway: true } }' },
        };
      }
    }
  },
};
