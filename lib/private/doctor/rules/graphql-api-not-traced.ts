import { isOn, Rule } from './rule';

export const graphqlApiNotTraced: Rule = {
  id: 'TF024',
  name: 'graphql-api-not-traced',
  title: 'A GraphQL API is not traced',
  severity: 'warning',
  explanation: 'AppSync sends segments of requests and resolvers, and hands the trace on to its data sources, only with X-Ray turned on.',
  fix: { cdk: 'xrayEnabled: true', cloudformation: 'XrayEnabled: true' },
  link: 'https://docs.aws.amazon.com/appsync/latest/devguide/x-ray-tracing.html',
  check: function* ({ app }) {
    for (const api of app.ofType('AWS::AppSync::GraphQLApi')) {
      if (isOn(api.properties.XrayEnabled) === false) yield { resource: api, message: 'the GraphQL API is not traced: the trace begins at the function of a resolver, and the API is not on the map' };
    }
  },
};
