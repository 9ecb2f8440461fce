import { Aws, CfnMapping, Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { ErrorScope, validationError } from './validation-error';

/** Languages for which AWS publishes a layer of its OpenTelemetry distribution (and .NET). */
export type AdotLanguage = 'nodejs' | 'python' | 'java';

export function isAdotLanguage(language: string): language is AdotLanguage {
  return language in NAMES;
}

const NAMES: Record<AdotLanguage, string> = { nodejs: 'AWSOpenTelemetryDistroJs', python: 'AWSOpenTelemetryDistroPython', java: 'AWSOpenTelemetryDistroJava' };

/**
 * Account and version numbers of the layers by region: [account, Node.js, Python, Java], absent where there is none.
 * Node.js 15 is v0.12.0, Python 29 in us-east-1 is v0.18.0, Java 16 is v2.29.0. None of them knows the fast start.
 *
 * Source: https://aws-otel.github.io/docs/getting-started/lambda, whose table is src/config/lambdaLayerArns.js of
 * https://github.com/aws-otel/aws-otel.github.io at commit e256b2e of 2026-07-22. These are not the layers with a collector that CDK knows.
 */
export const ADOT_LAYERS: { readonly [region: string]: readonly [account: string, nodejs?: number, python?: number, java?: number] } = {
  'af-south-1': ['904233096616', 15, 23, 16],
  'ap-east-1': ['888577020596', 15, 23, 16],
  'ap-east-2': ['412664885777', 4, 4, 5],
  'ap-northeast-1': ['615299751070', 15, 26, 16],
  'ap-northeast-2': ['615299751070', 15, 26, 16],
  'ap-northeast-3': ['615299751070', 15, 26, 16],
  'ap-south-1': ['615299751070', 15, 26, 16],
  'ap-south-2': ['796973505492', 15, 23, 16],
  'ap-southeast-1': ['615299751070', 15, 25, 16],
  'ap-southeast-2': ['615299751070', 15, 26, 16],
  'ap-southeast-3': ['039612877180', 15, 23, 16],
  'ap-southeast-4': ['713881805771', 15, 23, 16],
  'ap-southeast-5': ['152034782359', 8, 14, 13],
  'ap-southeast-6': ['313828097273', 3, 3, 5],
  'ap-southeast-7': ['980416031188', 8, 14, 13],
  'ca-central-1': ['615299751070', 15, 26, 16],
  'ca-west-1': ['595944127152', 8, 14, 13],
  'cn-north-1': ['440179912924', 8, 14, 13],
  'cn-northwest-1': ['440180067931', 8, 14, 13],
  'eu-central-1': ['615299751070', 15, 26, 16],
  'eu-central-2': ['156041407956', 15, 23, 16],
  'eu-north-1': ['615299751070', 15, 26, 16],
  'eu-south-1': ['257394471194', 15, 23, 16],
  'eu-south-2': ['490004653786', 15, 23, 16],
  'eu-west-1': ['615299751070', 15, 26, 16],
  'eu-west-2': ['615299751070', 15, 26, 16],
  'eu-west-3': ['615299751070', 15, 26, 16],
  'il-central-1': ['746669239226', 15, 23, 16],
  'me-central-1': ['739275441131', 15, 22, 16],
  'me-south-1': ['980921751758', 12],
  'mx-central-1': ['610118373846', 8, 14, 13],
  'sa-east-1': ['615299751070', 15, 26, 16],
  'us-east-1': ['615299751070', 15, 29, 16],
  'us-east-2': ['615299751070', 15, 26, 16],
  'us-west-1': ['615299751070', 15, 33, 16],
  'us-west-2': ['615299751070', 15, 33, 16],
};

/**
 * ARN of a language's layer in the stack's region. When the region is known only at deployment, the stack gets a mapping to look it up in.
 *
 * @throws for a region without one
 */
export function adotLayerArn(errorScope: ErrorScope, scope: IConstruct, language: AdotLanguage): string {
  const stack = Stack.of(scope);
  if (Token.isUnresolved(stack.region)) {
    const id = 'AdotLayerArns';
    const mapping = stack.node.tryFindChild(id) as CfnMapping | undefined ?? new CfnMapping(stack, id, { mapping: mappingOf() });
    return mapping.findInMap(Aws.REGION, language);
  }
  const arn = arnOf(stack.region, language);
  if (!arn) {
    throw validationError(errorScope, `no ADOT layer for ${language} is known in the region '${stack.region}' ` +
      "(known is what AWS listed on 2026-07-22); give its ARN as 'layerVersionArn', from https://aws-otel.github.io/docs/getting-started/lambda");
  }
  return arn;
}

function arnOf(region: string, language: AdotLanguage): string | undefined {
  const [account, nodejs, python, java] = ADOT_LAYERS[region] ?? [];
  const version = { nodejs, python, java }[language];
  return version === undefined ? undefined : `arn:${region.startsWith('cn-') ? 'aws-cn' : 'aws'}:lambda:${region}:${account}:layer:${NAMES[language]}:${version}`;
}

function mappingOf(): Record<string, Record<string, string>> {
  const languages = Object.keys(NAMES) as AdotLanguage[];
  return Object.fromEntries(Object.keys(ADOT_LAYERS).map(region =>
    [region, Object.fromEntries(languages.flatMap(language => arnOf(region, language) ? [[language, arnOf(region, language)!]] : []))]));
}
