import * as path from 'path';
import { Annotations, CfnResource, DockerImage, FeatureFlags, InjectionContext, PropertyInjectors, Stack, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LAMBDA_NODEJS_SDK_V3_EXCLUDE_SMITHY_PACKAGES } from 'aws-cdk-lib/cx-api';
import { IConstruct } from 'constructs';
import { TranslatedOptions, translateGo, translateNodejs, translatePython } from './bundling-translation';
import { isEdgeFunction } from './edge-functions';
import { FunctionResource } from './function-resource';
import { bindForAny, FunctionOrigin } from './function-tracer';
import { inject } from './injectors';
import { goUsesXraySdk, nodejsUsesXraySdk, pythonUsesXraySdk, XRAY_SDK_MODULES } from './xray-sdk-imports';
import { Instrumentation } from '../../instrumentation';
import { BundledCode } from '../bundling/bundled-code';
import { lacking } from '../cdk-version';
import { Bundler } from '../languages/bundler';
import { goBundler } from '../languages/go-bundler';
import { nodejsBundler } from '../languages/nodejs-bundler';
import { pythonBundler } from '../languages/python-bundler';
import { FutureConstruct } from '../validation-error';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_LAYERS = 5;

export interface RebundlingOptions {
  readonly isExcluded: (path: string) => string | undefined;
  readonly isWanted: boolean;
  readonly instrumentation?: Instrumentation;
  readonly override: boolean;
}

/** Where a function's package comes from. */
interface Source {
  readonly bundler: Bundler;
  /** The construct that made it. */
  readonly as: string;
  readonly entry: string;
  readonly handler?: string;
  readonly bundling: TranslatedOptions<object>;
  readonly usesXraySdk: () => boolean;
}

/** How a function was before its package became one of ours. */
interface Original {
  /** Undefined when that cannot be had without Docker. */
  readonly code?: lambda.Code;
  readonly handler: string;
}

interface Rebundled {
  readonly origin: FunctionOrigin;
  readonly code?: BundledCode;
  readonly original?: Original;
}

/** Stands in for the image that CDK's bundling would build in a constructor, and shows on the way that we have said yes. */
const NO_IMAGE = DockerImage.fromRegistry('cdk-traced-function-bundles-without-docker');

const MADE_EARLIER = 'it was made before the call of TracedFunctions.everywhere()';

const PYTHON_FUNCTION = '@aws-cdk.aws-lambda-python-alpha.PythonFunction';
const GO_FUNCTION = '@aws-cdk.aws-lambda-go-alpha.GoFunction';

/** Bundles functions with tracing that were made by constructs which bundle themselves, as they are made. */
export class Rebundling {
  /** By the path of the function's construct. */
  private readonly made = new Map<string, Rebundled>();
  /** Functions of constructs that bundle themselves, and why one is not bundled with tracing. */
  private readonly outcomes = new Map<IConstruct, string | undefined>();
  /** Why a function that CDK bundles in Docker stays with that. */
  private readonly untranslated = new Map<string, string>();

  constructor(scope: IConstruct, private readonly options: RebundlingOptions) {
    // Its types say that it is there. Functions get a layer without it.
    if ((PropertyInjectors as unknown) === undefined || lambda.Function.PROPERTY_INJECTION_ID === undefined) {
      Annotations.of(scope).addWarningV2('cdk-traced-function:noPropertyInjection', `${lacking('property injection')}: functions are not bundled with tracing, and get a layer`);
      return;
    }
    inject(scope, [
      { constructUniqueId: lambda.Function.PROPERTY_INJECTION_ID, inject: (props, context) => this.rebundle(props, context) },
      { constructUniqueId: PYTHON_FUNCTION, inject: (props, context) => this.withoutImage(props, context, 'image', translatePython(props.bundling ?? {})) },
      { constructUniqueId: GO_FUNCTION, inject: (props, context) => this.withoutImage(props, context, 'dockerImage', translateGo(props.bundling ?? {})) },
    ]);
  }

  /** What was done when a function was made. Takes it back where that turns out to be impossible. */
  public originOf(resource: CfnResource): FunctionOrigin {
    const fn = new FunctionResource(resource);
    const origin = this.settle(fn);
    if (origin.rebundled ?? origin.notRebundled) {
      this.outcomes.set(fn.owner, origin.notRebundled);
    }
    return origin;
  }

  /** Warns where not one function of a stage is bundled with tracing, which is more often a mistake than wanted. */
  public warnOfNone(stage: Stage | undefined): void {
    const here = [...this.outcomes].filter(([fn]) => Stage.of(fn) === stage);
    if (here.length === 0 || here.some(([, reason]) => reason === undefined)) {
      return;
    }
    const reasons = [...new Set(here.map(([, reason]) => reason!))].map(reason => {
      const [first, ...others] = here.filter(([, other]) => other === reason).map(([fn]) => fn.node.path);
      return `'${first}'${others.length > 0 ? ` and ${others.length} more` : ''}: ${reason}`;
    });
    Annotations.of(Stack.of(here[0][0])).addWarningV2('cdk-traced-function:notRebundled',
      `TracedFunctions.everywhere() bundles none of the ${here.length} functions whose sources are known. CDK bundles each of them by itself, and a layer records its calls. ${reasons.join('. ')}. ` +
      (reasons.some(text => text.endsWith(MADE_EARLIER)) ? 'Call TracedFunctions.everywhere() before the stacks are made. ' : '') +
      "Mend this, or set 'rebundle: false' to keep it so");
  }

  private settle(fn: FunctionResource): FunctionOrigin {
    const made = this.made.get(fn.path);
    if (!made?.code) {
      const isEarlier = !made && fn.construct && this.options.isWanted && bundlesItself(fn.construct);
      return made?.origin ?? (isEarlier ? { notRebundled: MADE_EARLIER } : {});
    }
    if (!made.original?.code) {
      return made.origin;
    }
    const failure = isEdgeFunction(fn) ? 'Lambda@Edge' : made.code.failure();
    if (failure === undefined) {
      return made.origin;
    }
    made.code.withdraw();
    restore(fn, made.original.code, made.original.handler);
    const origin = { isDisabled: made.origin.isDisabled, notRebundled: `it cannot be bundled with tracing: ${failure}` };
    this.made.set(fn.path, { origin });
    return origin;
  }

  /** Keeps CDK from building an image. */
  private withoutImage(props: any, { scope, id }: InjectionContext, name: string, { untranslated }: TranslatedOptions<object>): any {
    const functionPath = pathOf(scope, id);
    const isOurs = this.isWanted(props, functionPath) && untranslated.length === 0;
    if (untranslated.length > 0) {
      this.untranslated.set(functionPath, untranslatedOf(name === 'image' ? 'PythonFunction' : 'GoFunction', untranslated));
    }
    return isOurs ? { ...props, bundling: { ...props.bundling, [name]: NO_IMAGE } } : props;
  }

  private isWanted(props: lambda.FunctionProps, functionPath: string): boolean {
    return this.options.isWanted && !this.options.isExcluded(functionPath) && (props.tracing !== lambda.Tracing.DISABLED || this.options.override);
  }

  private rebundle(props: any, { scope, id }: InjectionContext): any {
    const functionPath = pathOf(scope, id);
    const isDisabled = props.tracing === lambda.Tracing.DISABLED;
    const leave = (notRebundled?: string) => {
      this.made.set(functionPath, { origin: { isDisabled, notRebundled } });
      return props;
    };
    if (!this.isWanted(props, functionPath) || props.code instanceof BundledCode) {
      return leave();
    }
    const source = sourceOf(props, scope);
    if (!source) {
      return leave(this.untranslated.get(functionPath));
    }
    const { bundler, as, bundling } = source;
    const obstacle = obstacleOf(props, source);
    if (obstacle) {
      return leave(obstacle);
    }
    const chosen = this.options.instrumentation ?? (source.usesXraySdk() ? Instrumentation.xraySdk() : Instrumentation.openTelemetry());
    const { config, reason } = bindForAny(chosen, scope, functionPath, bundler);
    if (config.kind === 'none' && !config.byLayer) {
      return leave();
    }
    try {
      const bound = bundler.bind({
        scope: new FutureConstruct(as, functionPath), entry: source.entry, runtime: props.runtime, handler: source.handler,
        architecture: props.architecture?.name === 'arm64' ? 'arm64' : 'x86_64',
        instrumentation: config.kind, captureOptions: config.captureOptions, instrumentedByLayer: config.byLayer, sdkInLayer: false,
        options: bundling.options,
        isAdopted: true,
        environment: props.environment,
      });
      const code = new BundledCode(bound.job);
      const environment = { ...bound.environment, ...config.environment };
      const usesXraySdk = this.options.instrumentation === undefined && config.kind === 'xray-sdk';
      const notes = [...reason ? [reason] : [], ...usesXraySdk ? ['its code uses the X-Ray SDK, which goes on to record'] : []];
      this.made.set(functionPath, {
        code,
        original: { code: isUnusable(props.code) ? undefined : props.code, handler: props.handler },
        origin: { isDisabled, rebundled: { as, notes, instrumentation: config, environment } },
      });
      return { ...props, tracing: isDisabled ? undefined : props.tracing, code, handler: bound.handler };
    } catch (error) {
      return leave((error as Error).message.replace(/^\w+ '[^']*': /, ''));
    }
  }
}

function pathOf(scope: IConstruct, id: string): string {
  return [scope.node.path, id].filter(Boolean).join('/');
}

interface CdkBundling {
  readonly props?: Record<string, any>;
  readonly image?: unknown;
}

/** What CDK's own bundling was told; undefined for other code. */
function bundlingOf(code: unknown): CdkBundling | undefined {
  return code instanceof lambda.AssetCode ? (code as unknown as { options?: { bundling?: CdkBundling } }).options?.bundling : undefined;
}

function isUnusable(code: unknown): boolean {
  return bundlingOf(code)?.image === NO_IMAGE;
}

/** The entry is not in the properties when it follows from the name of the construct's own file, but CDK's bundling has it. */
function sourceOf(props: any, scope: IConstruct): Source | undefined {
  const { family } = props.runtime as lambda.Runtime;
  const bundling = bundlingOf(props.code);
  if (family === lambda.RuntimeFamily.NODEJS && typeof bundling?.props?.entry === 'string') {
    const entry = path.resolve(bundling.props.entry);
    return {
      bundler: nodejsBundler, as: 'NodejsFunction', entry, handler: props.handler, bundling: nodejsOptions(props, scope), usesXraySdk: () => nodejsUsesXraySdk(entry),
    };
  }
  if (typeof props.entry !== 'string' || !(props.code instanceof lambda.AssetCode)) {
    return undefined;
  }
  const entry = path.resolve(props.entry);
  if (family === lambda.RuntimeFamily.PYTHON && props.bundling?.image === NO_IMAGE) {
    const { image, ...own } = props.bundling;
    return { bundler: pythonBundler, as: 'PythonFunction', entry, handler: props.handler, bundling: translatePython(own), usesXraySdk: () => pythonUsesXraySdk(entry) };
  }
  if (family === lambda.RuntimeFamily.OTHER && props.bundling?.dockerImage === NO_IMAGE) {
    return { bundler: goBundler, as: 'GoFunction', entry, bundling: translateGo(props.bundling), usesXraySdk: () => goUsesXraySdk(entry) };
  }
  return undefined;
}

/** Unless set, NodejsFunction leaves the AWS SDK to the runtime, and so its version. */
function nodejsOptions(props: any, scope: IConstruct): ReturnType<typeof translateNodejs> {
  const bundling = props.bundling ?? {};
  const smithy = FeatureFlags.of(scope).isEnabled(LAMBDA_NODEJS_SDK_V3_EXCLUDE_SMITHY_PACKAGES);
  const ofRuntime = /^nodejs(?:1[0246])\.x$/.test(props.runtime.name) ? ['aws-sdk'] : smithy ? ['@aws-sdk/*', '@smithy/*'] : ['@aws-sdk/*'];
  const externalModules = bundling.externalModules ?? (bundling.bundleAwsSDK || props.runtime.isVariable ? [] : ofRuntime);
  const { options, untranslated } = translateNodejs({ ...bundling, externalModules });
  return { options: { ...options, projectRoot: props.projectRoot, depsLockFilePath: props.depsLockFilePath }, untranslated };
}

function untranslatedOf(as: string, names: readonly string[]): string {
  return `${as} has the bundling option${names.length > 1 ? 's' : ''} ${names.map(name => `'${name}'`).join(', ')}, for which there is no equivalent`;
}

/** Whether esbuild leaves a module out. A pattern has one `*` at most. */
function isExternal(name: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => {
    const [before, after] = pattern.split('*');
    return after === undefined ? name === pattern : name.startsWith(before) && name.endsWith(after);
  });
}

function obstacleOf(props: any, { bundling, bundler, as, usesXraySdk }: Source): string | undefined {
  if (bundling.untranslated.length > 0) {
    return untranslatedOf(as, bundling.untranslated);
  }
  if (props.environment?.AWS_LAMBDA_EXEC_WRAPPER !== undefined) {
    return 'it has an exec wrapper';
  }
  const external = (bundling.options as { externalModules?: string[] }).externalModules ?? [];
  if (bundler.language === 'nodejs' && XRAY_SDK_MODULES.some(name => isExternal(name, external)) && usesXraySdk()) {
    return 'its code takes the X-Ray SDK from a layer, which would record beside the one in the package';
  }
  if (bundler.language === 'nodejs' && !/^(?:index\.)?[^./]+$/.test(props.handler)) {
    return `its handler '${props.handler}' is not in what is bundled`;
  }
  return (props.layers?.length ?? 0) > MOST_LAYERS ? 'it has more layers than Lambda allows' : undefined;
}

/** Whether the function was made by a construct whose source would be known, had it been made later. */
function bundlesItself(fn: lambda.Function): boolean {
  const names: string[] = [];
  for (let kind = Object.getPrototypeOf(fn); kind && kind !== lambda.Function.prototype; kind = Object.getPrototypeOf(kind)) {
    names.push(kind.constructor.name);
  }
  return names.some(name => ['NodejsFunction', 'PythonFunction', 'GoFunction'].includes(name));
}

/** Gives a function the code that it was made with. */
function restore({ construct }: FunctionResource, code: lambda.Code, handler: string): void {
  const resource = construct!.node.defaultChild as lambda.CfnFunction;
  const { s3Location } = code.bind(construct!);
  resource.code = { s3Bucket: s3Location!.bucketName, s3Key: s3Location!.objectKey, s3ObjectVersion: s3Location!.objectVersion };
  resource.handler = handler;
  code.bindToResource(resource);
}
