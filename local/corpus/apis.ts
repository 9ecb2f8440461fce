import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnOutput } from 'aws-cdk-lib';
import * as gateway from 'aws-cdk-lib/aws-apigateway';
import * as http from 'aws-cdk-lib/aws-apigatewayv2';
import * as authorizers from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import * as integrations from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as appsync from 'aws-cdk-lib/aws-appsync';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { nodeFunction, ran, stackOf, type CorpusApp } from './corpus-app';

/** A REST API whose every path is one function's. */
export const restProxy: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    new gateway.LambdaRestApi(stack, 'Api', { restApiName: id, handler: nodeFunction(stack, `${id}-fn`) });
  },
  use: async ({ outputs, fetch }) => expectAnswer(await fetch(`${urlIn(outputs)}any/path`), 200, 'ok'),
  traces: id => [[`${id}/prod AWS::ApiGateway::Stage`, ...ran(`${id}-fn`)]],
};

/** A job API: the function is called asynchronously and the client answered at once. */
export const restJob: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const api = new gateway.RestApi(stack, 'Api', { restApiName: id });
    api.root.addResource('jobs').addMethod('POST', new gateway.LambdaIntegration(nodeFunction(stack, `${id}-fn`, 'exports.handler = async job => { if (job.size !== 7) throw new Error("no job"); };'), {
      proxy: false,
      requestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" },
      requestTemplates: { 'application/json': '{"id":"$context.requestId","size":$input.json("$.size")}' },
      integrationResponses: [{ statusCode: '202', responseTemplates: { 'application/json': '{"id":"$context.requestId"}' } }],
    }), { methodResponses: [{ statusCode: '202' }] });
  },
  use: async ({ outputs, fetch }) => expectAnswer(await fetch(`${urlIn(outputs)}jobs`, { method: 'POST', body: '{"size":7}' }), 202, /"id":"[0-9a-f-]{36}"/),
  traces: id => [[`${id}/prod AWS::ApiGateway::Stage`, ...ran(`${id}-fn`)]],
};

/** A REST API that puts requests into a queue without a function of its own, and a token that a function looks at. */
export const restQueue: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const queue = new sqs.Queue(stack, 'Queue', { queueName: id });
    nodeFunction(stack, `${id}-fn`).addEventSource(new sources.SqsEventSource(queue, { batchSize: 1 }));
    const api = new gateway.RestApi(stack, 'Api', { restApiName: id });
    api.root.addMethod('POST', new gateway.AwsIntegration({
      service: 'sqs', path: `000000000000/${id}`, options: {
        requestParameters: { 'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'" },
        requestTemplates: { 'application/json': 'Action=SendMessage&MessageBody=$util.urlEncode($input.body)' },
        integrationResponses: [{ statusCode: '200', responseTemplates: { 'application/json': '{"done":true}' } }],
      },
    }), {
      methodResponses: [{ statusCode: '200' }],
      authorizer: new gateway.TokenAuthorizer(stack, 'Authorizer', {
        handler: nodeFunction(stack, `${id}-authorizer`, `exports.handler = async e => ({ principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [
          { Action: 'execute-api:Invoke', Effect: e.authorizationToken === 'let me in' ? 'Allow' : 'Deny', Resource: e.methodArn }] } });`),
      }),
    });
  },
  use: async ({ outputs, fetch }) => {
    const post = (token: string) => fetch(urlIn(outputs), { method: 'POST', body: '{}', headers: { 'Authorization': token, 'Content-Type': 'application/json' } });
    expectAnswer(await post('no'), 403, /not authorized/);
    expectAnswer(await post('let me in'), 200, '{"done":true}');
  },
  traces: id => [[`${id}/prod AWS::ApiGateway::Stage`, ...ran(`${id}-authorizer`)], ran(`${id}-fn`)],
};

/** An HTTP API behind a user pool. */
export const httpJwt: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const pool = new cognito.UserPool(stack, 'Pool', { selfSignUpEnabled: true });
    const client = pool.addClient('Client', { authFlows: { userPassword: true } });
    const api = new http.HttpApi(stack, 'Api');
    api.addRoutes({
      path: '/me', methods: [http.HttpMethod.GET],
      integration: new integrations.HttpLambdaIntegration('Integration', nodeFunction(stack, `${id}-fn`, 'exports.handler = async e => ({ statusCode: 200, body: e.requestContext.authorizer.jwt.claims.email });')),
      authorizer: new authorizers.HttpUserPoolAuthorizer('Authorizer', pool, { userPoolClients: [client] }),
    });
    new CfnOutput(stack, 'Url', { value: api.apiEndpoint });
    new CfnOutput(stack, 'PoolId', { value: pool.userPoolId });
    new CfnOutput(stack, 'ClientId', { value: client.userPoolClientId });
  },
  use: async ({ outputs, fetch, json }) => {
    const user = { USERNAME: 'ann@example.com', PASSWORD: 'Passw0rd!x' };
    await json('AWSCognitoIdentityProviderService.SignUp', {
      ClientId: outputs.ClientId, Username: user.USERNAME, Password: user.PASSWORD, UserAttributes: [{ Name: 'email', Value: user.USERNAME }],
    });
    await json('AWSCognitoIdentityProviderService.AdminConfirmSignUp', { UserPoolId: outputs.PoolId, Username: user.USERNAME });
    const { AuthenticationResult: { IdToken: token } } = await json('AWSCognitoIdentityProviderService.InitiateAuth', {
      ClientId: outputs.ClientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: user,
    });
    expectAnswer(await fetch(`${outputs.Url}/me`), 401, /Unauthorized/);
    expectAnswer(await fetch(`${outputs.Url}/me`, { headers: { Authorization: token } }), 200, user.USERNAME);
  },
  traces: id => [ran(`${id}-fn`)],
};

/** A function with an address of its own. */
export const functionUrl: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const url = nodeFunction(stack, `${id}-fn`).addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    new CfnOutput(stack, 'Url', { value: url.url });
  },
  use: async ({ outputs, fetch }) => expectAnswer(await fetch(outputs.Url), 200, 'ok'),
  traces: id => [ran(`${id}-fn`)],
};

const SCHEMA = `type Note { id: ID! text: String! version: Int }
type Query { note(id: ID!): Note notes(text: String!): [Note!]! shout(text: String!): String twice(n: Int!): Int }
type Mutation { save(id: ID!, text: String!): Note }
schema { query: Query mutation: Mutation }`;

/** A GraphQL API: mapping templates, a pipeline whose code is JavaScript in a file, and a function that resolves a field by itself. */
export const graphql: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
    writeFileSync(join(folder, 'schema.graphql'), SCHEMA);
    writeFileSync(join(folder, 'double.js'), 'export function request(ctx) { return { payload: ctx.args.n * 2 }; }\nexport function response(ctx) { return ctx.result; }\n');
    const api = new appsync.GraphqlApi(stack, 'Api', { name: id, definition: appsync.Definition.fromFile(join(folder, 'schema.graphql')) });
    const table = new dynamodb.Table(stack, 'Table', { tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
    const notes = api.addDynamoDbDataSource('Notes', table);
    notes.createResolver('Get', {
      typeName: 'Query', fieldName: 'note',
      requestMappingTemplate: appsync.MappingTemplate.dynamoDbGetItem('id', 'id'), responseMappingTemplate: appsync.MappingTemplate.dynamoDbResultItem(),
    });
    notes.createResolver('Find', {
      typeName: 'Query', fieldName: 'notes',
      requestMappingTemplate: appsync.MappingTemplate.fromString(
        '{"version":"2018-05-29","operation":"Scan","filter":{"expression":"begins_with(#t, :t)","expressionNames":{"#t":"text"},"expressionValues":{":t":$util.dynamodb.toDynamoDBJson($ctx.args.text)}}}'),
      responseMappingTemplate: appsync.MappingTemplate.fromString('#if($ctx.error)$util.error($ctx.error.message, $ctx.error.type)#end$util.toJson($ctx.result.items)'),
    });
    notes.createResolver('Save', {
      typeName: 'Mutation', fieldName: 'save',
      requestMappingTemplate: appsync.MappingTemplate.fromString(`#if($ctx.args.text == "")$util.error("a note needs a text", "Refused")#end
{"version":"2018-05-29","operation":"UpdateItem","key":{"id":$util.dynamodb.toDynamoDBJson($ctx.args.id)},
 "update":{"expression":"SET #t = :t ADD version :one","expressionNames":{"#t":"text"},"expressionValues":{":t":$util.dynamodb.toDynamoDBJson($ctx.args.text),":one":{"N":1}}}}`),
      responseMappingTemplate: appsync.MappingTemplate.dynamoDbResultItem(),
    });
    api.addLambdaDataSource('Shouter', nodeFunction(stack, `${id}-fn`, 'exports.handler = async e => e.arguments.text.toUpperCase();')).createResolver('Shout', { typeName: 'Query', fieldName: 'shout' });
    const double = new appsync.AppsyncFunction(stack, 'Double', {
      name: 'double', api, dataSource: api.addNoneDataSource('None'), code: appsync.Code.fromAsset(join(folder, 'double.js')), runtime: appsync.FunctionRuntime.JS_1_0_0,
    });
    api.createResolver('Twice', {
      typeName: 'Query', fieldName: 'twice', pipelineConfig: [double], runtime: appsync.FunctionRuntime.JS_1_0_0,
      code: appsync.Code.fromInline('export function request() { return {}; }\nexport function response(ctx) { return ctx.prev.result; }'),
    });
    new CfnOutput(stack, 'Url', { value: api.graphqlUrl });
    new CfnOutput(stack, 'Key', { value: api.apiKey! });
    rmSync(folder, { recursive: true }); // assets are copied when they are made
  },
  use: async ({ outputs, fetch }) => {
    const ask = async (query: string) => fetch(outputs.Url, { method: 'POST', body: JSON.stringify({ query }), headers: { 'x-api-key': outputs.Key, 'Content-Type': 'application/json' } });
    await ask('mutation { save(id: "a", text: "milk") { id } }');
    expectAnswer(await ask('mutation { save(id: "a", text: "milk and bread") { id text version } }'), 200, '{"data": {"save": {"id": "a", "text": "milk and bread", "version": 2}}}');
    expectAnswer(await ask('{ note(id: "a") { text } notes(text: "milk") { id } none: notes(text: "bread") { id } shout(text: "x") twice(n: 4) }'), 200,
      '{"data": {"note": {"text": "milk and bread"}, "notes": [{"id": "a"}], "none": [], "shout": "X", "twice": 8}}');
    expectAnswer(await ask('mutation { save(id: "b", text: "") { id } }'), 200, /"a note needs a text".*"Refused"|"Refused".*"a note needs a text"/);
  },
  traces: id => [[`${id} AWS::AppSync::GraphQLAPI`, ...ran(`${id}-fn`)]],
};

function urlIn(outputs: Readonly<Record<string, string>>): string {
  return Object.entries(outputs).find(([name]) => name.includes('Endpoint'))![1];
}

export function expectAnswer(answer: { status: number; body: string }, status: number, body: string | RegExp): void {
  if (answer.status !== status || (typeof body === 'string' ? answer.body !== body : !body.test(answer.body))) {
    throw new Error(`expected ${status} ${String(body)}, got ${answer.status} ${answer.body}`);
  }
}
