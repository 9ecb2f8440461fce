import { Duration, Stack, type App } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** A small app of a shape that people build, what is sent to it, and what its traces have to show. */
export interface CorpusApp {
  /** Makes the app's stacks; the first has the id of the app, which is the prefix of all names. */
  readonly build: (app: App, id: string) => void;
  /** Sends traffic; throws where an answer is not as on AWS. */
  readonly use: (cloud: CorpusCloud) => Promise<void>;
  /** Services, one called by the other, that a trace has to pass: `<id>-fn AWS::Lambda::Function`. */
  readonly traces: (id: string) => readonly (readonly string[])[];
}

/** The deployed app. */
export interface CorpusCloud {
  readonly id: string;
  /** Outputs of all its stacks. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Calls an AWS API that speaks JSON: `('Kinesis_20131202.PutRecord', {...})`. */
  json<T = any>(target: string, body: object): Promise<T>;
  /** Sends a signed request to the AWS APIs. */
  request(service: string, method: string, path: string, body?: string): Promise<string>;
  /** Asks an address of the app; gives status and body. */
  fetch(url: string, init?: RequestInit): Promise<{ status: number; body: string }>;
  /** Resolves once this gives something. */
  eventually<T>(look: () => Promise<T | undefined>): Promise<T>;
}

const OK = 'exports.handler = async () => ({ statusCode: 200, body: "ok" });';

/** A function without a word about tracing, as most are. */
export function nodeFunction(scope: Construct, name: string, code = OK, props: Partial<lambda.FunctionProps> = {}): lambda.Function {
  return new lambda.Function(scope, name, {
    functionName: name, runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromInline(code), timeout: Duration.seconds(10), ...props,
  });
}

export function pythonFunction(scope: Construct, name: string, code: string): lambda.Function {
  return nodeFunction(scope, name, code, { runtime: lambda.Runtime.PYTHON_3_13 });
}

export function stackOf(app: App, id: string): Stack {
  return new Stack(app, id);
}

/** The function's own segment under Lambda's. */
export function ran(name: string): string[] {
  return [`${name} AWS::Lambda`, `${name} AWS::Lambda::Function`];
}
