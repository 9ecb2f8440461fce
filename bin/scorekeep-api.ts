import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

const { OBJECT, STRING, INTEGER } = apigateway.JsonSchemaType;
const NAME = { type: STRING, minLength: 1, maxLength: 100 };

/** The REST API of Scorekeep in front of its function: traced, logged, and open only to requests that are signed with credentials of the account. */
export class ScorekeepApi extends apigateway.RestApi {
  private readonly validator: apigateway.RequestValidator;

  constructor(scope: Construct, id: string, handler: lambda.IFunction) {
    const accessLog = new logs.LogGroup(scope, `${id}-access`, { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    super(scope, id, {
      restApiName: 'scorekeep',
      description: 'Users, sessions, games and moves of Scorekeep',
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      // API Gateway writes logs with a role of the account. This sets it for all APIs of the region.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.DESTROY,
      defaultIntegration: new apigateway.LambdaIntegration(handler, { scopePermissionToMethod: false }),
      defaultMethodOptions: { authorizationType: apigateway.AuthorizationType.IAM },
      deployOptions: {
        stageName: 'prod',
        tracingEnabled: true,
        metricsEnabled: true,
        loggingLevel: apigateway.MethodLoggingLevel.ERROR,
        accessLogDestination: new apigateway.LogGroupLogDestination(accessLog),
        accessLogFormat: apigateway.AccessLogFormat.custom(JSON.stringify({
          requestId: apigateway.AccessLogField.contextRequestId(),
          traceId: '$context.xrayTraceId',
          method: apigateway.AccessLogField.contextHttpMethod(),
          resource: apigateway.AccessLogField.contextResourcePath(),
          status: apigateway.AccessLogField.contextStatus(),
          milliseconds: apigateway.AccessLogField.contextResponseLatency(),
        })),
        throttlingRateLimit: 50,
        throttlingBurstLimit: 100,
      },
    });
    this.node.tryRemoveChild('Endpoint'); // the stack has an output of its own, with a name
    this.validator = this.addRequestValidator('Validator', { validateRequestBody: true, validateRequestParameters: true });
    this.addOperations();
    this.acknowledgeFindings();
  }

  private addOperations(): void {
    const users = this.root.addResource('users');
    this.addPost(users, 'NewUser', { name: NAME });
    this.addGet(users.addResource('{userId}'));

    const sessions = this.root.addResource('sessions');
    this.addPost(sessions, 'NewSession', { name: NAME, userName: NAME });
    const session = sessions.addResource('{sessionId}');
    this.addGet(session);
    this.addPost(session.addResource('users'), 'NewPlayer', { name: NAME });

    const games = session.addResource('games');
    this.addPost(games, 'NewGame', {});
    const game = games.addResource('{gameId}');
    this.addGet(game);
    const moves = game.addResource('moves');
    this.addPost(moves, 'NewMove', { user: { type: STRING, minLength: 1 }, cell: { type: INTEGER, minimum: 1, maximum: 9 } }, ['user', 'cell']);
    this.addGet(moves.addResource('{moveId}'));
    this.addGet(game.addResource('states').addResource('{stateId}'));
  }

  private addGet(resource: apigateway.Resource): void {
    resource.addMethod('GET', undefined, { requestValidator: this.validator });
  }

  /** An operation that creates something of a JSON object. A key in the header makes it safe to send it twice. */
  private addPost(resource: apigateway.Resource, model: string, properties: Record<string, apigateway.JsonSchema>, required?: string[]): void {
    resource.addMethod('POST', undefined, {
      requestValidator: this.validator,
      requestModels: { 'application/json': this.addModel(model, { modelName: model, schema: { type: OBJECT, properties, required } }) },
      requestParameters: { 'method.request.header.Idempotency-Key': false },
    });
  }

  private acknowledgeFindings(): void {
    const acknowledge = (construct: Construct, rule: string, reason: string) => Validations.of(construct).acknowledge({ id: rule, reason });
    acknowledge(this, 'AwsSolutions-APIG3', 'A web ACL costs more than the rest of the sample; only requests signed by the account get in');
    acknowledge(this, 'AwsSolutions-COG4', 'Its callers are programs of the account, which sign their requests with IAM credentials');
    acknowledge(this, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      'The policy that API Gateway asks for on the role with which it writes logs');
  }
}
