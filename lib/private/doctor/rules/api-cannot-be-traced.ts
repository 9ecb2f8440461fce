import { Rule } from './rule';

export const apiCannotBeTraced: Rule = {
  id: 'TF025',
  name: 'api-cannot-be-traced',
  title: 'HTTP and WebSocket APIs have no tracing',
  severity: 'note',
  explanation: `API Gateway traces REST APIs only. A trace of an HTTP or WebSocket API begins at the function; the time in the API, its authorizers and its own errors are not in it.
An HTTP API adds the header \`X-Amzn-Trace-Id\` to requests, and hands a caller's on.`,
  fix: { cdk: '// a REST API with tracingEnabled: true, where its part of the trace is needed', cloudformation: '# a REST API with TracingEnabled: true, where its part of the trace is needed' },
  link: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html',
  check: function* ({ app }) {
    for (const api of app.ofType('AWS::ApiGatewayV2::Api')) {
      const kind = api.properties.ProtocolType === 'WEBSOCKET' ? 'a WebSocket API' : 'an HTTP API';
      yield { resource: api, message: `${kind} has no tracing: the trace begins at the function behind it` };
    }
  },
};
