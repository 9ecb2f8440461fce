import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { Bundling, PythonBundlingOptions } from './bundling';
import { BundledCode } from './private/bundling/bundled-code';
import { RequestOf } from './private/bundling/bundling-job';
import { existingRuntime } from './private/cdk-version';
import { projectRoot, pythonInstallation } from './private/languages/python-bundler';
import { PythonDependencyLayerJob } from './private/languages/python-job';
import { FutureConstruct, validationError, withFiles } from './private/validation-error';

/**
 * Properties of a `PythonLayer`.
 */
export interface PythonLayerProps extends lambda.LayerVersionOptions {
  /**
   * The folder with what the layer holds: modules, and a file that says what is required. Relative paths start at the folder in which the CDK app runs.
   */
  readonly entry: string;

  /**
   * The runtime of the functions that use the layer.
   *
   * @default Runtime.PYTHON_3_14
   */
  readonly runtime?: lambda.Runtime;

  /**
   * The architecture of the functions that use the layer.
   *
   * @default Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * How the layer is bundled, made by `Bundling.python()`.
   *
   * @default - the defaults of each option
   */
  readonly bundling?: Bundling;
}

/**
 * A layer with Python modules and packages for several functions. Modules of the folder, and what it requires, can be imported by their names.
 *
 * The tracing SDK is not in it: a function brings its own, or has it from `SdkDelivery.sharedLayer()`.
 */
export class PythonLayer extends lambda.LayerVersion {
  constructor(scope: Construct, id: string, props: PythonLayerProps) {
    const { entry, architecture = lambda.Architecture.X86_64, bundling, ...options } = props;
    const errorScope = new FutureConstruct('PythonLayer', [scope.node.path, id].filter(Boolean).join('/'));
    const runtime = props.runtime ?? existingRuntime(errorScope, lambda.Runtime.PYTHON_3_14, 'Python');
    const sourceDir = path.resolve(entry);
    if (!withFiles(errorScope, () => fs.statSync(sourceDir, { throwIfNoEntry: false }))?.isDirectory()) {
      throw validationError(errorScope, 'TF432', `the entry '${entry}' is no folder (looked for ${sourceDir}); set 'entry' to the folder with the layer's modules and requirements`);
    }
    if (runtime.family !== lambda.RuntimeFamily.PYTHON) {
      throw validationError(errorScope, 'TF433', `runtime '${runtime.name}' is not Python's; set 'runtime' to that of the functions that use the layer`);
    }
    const config = bundling?._bind();
    if (config && config.language !== 'python') {
      throw validationError(errorScope, 'TF434', `bundling is Bundling.${config.language}(), but the layer is Python; use Bundling.python()`);
    }
    const pythonOptions = (config?.options ?? {}) as PythonBundlingOptions;
    if (pythonOptions.dependencies?._inOwnLayer) {
      throw validationError(errorScope, 'TF435', "PythonDependencies.ownLayer() would have no effect: the layer holds what it requires; leave 'dependencies' out");
    }
    super(scope, id, {
      ...options,
      compatibleRuntimes: [runtime],
      compatibleArchitectures: [architecture],
      code: new BundledCode({
        language: 'python',
        kind: 'python-dependency-layer',
        sourceDir,
        instrumentation: 'none',
        withSdk: false,
        installation: pythonInstallation(pythonOptions, runtime, architecture.name === 'arm64' ? 'arm64' : 'x86_64'),
        sources: { exclude: pythonOptions.exclude ?? [], linkRoot: projectRoot(sourceDir) },
      } satisfies RequestOf<PythonDependencyLayerJob>),
    });
  }
}
