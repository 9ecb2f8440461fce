import { Aws, CfnMapping, Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { ADOT_LAYERS, ADOT_LAYERS_DATE } from './adot-layer-versions';
import { ErrorScope, validationError } from './validation-error';

// These are not the layers with a collector that CDK knows. https://aws-otel.github.io/docs/getting-started/lambda

/** Languages for which AWS publishes a layer of its OpenTelemetry distribution (and .NET). */
export type AdotLanguage = 'nodejs' | 'python' | 'java';

export function isAdotLanguage(language: string): language is AdotLanguage {
  return language in NAMES;
}

const NAMES: Record<AdotLanguage, string> = { nodejs: 'AWSOpenTelemetryDistroJs', python: 'AWSOpenTelemetryDistroPython', java: 'AWSOpenTelemetryDistroJava' };

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
    throw validationError(errorScope, 'TF110', `no ADOT layer for ${language} is known in the region '${stack.region}' ` +
      `(known is what AWS listed on ${ADOT_LAYERS_DATE}); give its ARN as 'layerVersionArn', from https://aws-otel.github.io/docs/getting-started/lambda`);
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
