import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { Annotations, FileAssetLocation, FileAssetPackaging, Stack, Stage } from 'aws-cdk-lib';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { IConstruct } from 'constructs';
import { BundlingJob, JobRequest } from './bundling-job';
import { PackageSize, packageSize } from './package-size';
import { runBundlingRunner } from './run-bundling-runner';
import { BundledPackage, PackageCache } from '../cache/package-cache';
import { keepForLater } from '../cache/user-cache';
import { copyPackage } from '../files/copy-package';
import { directoryHash } from '../files/directory-hash';
import { normalizeModes } from '../files/file-modes';
import { Languages } from '../languages/languages';
import { namedError, validationError } from '../validation-error';

/** A job and everything that was asked of it. */
interface PlannedJob {
  readonly request: JobRequest;
  /** The constructs that use the package. */
  readonly consumers: IConstruct[];
  /** The outcome, once it has been tried. */
  outcome?: BundledPackage | BundlingFailure;
}

/** What went wrong with one job. */
class BundlingFailure {
  /** @param batch all jobs that failed with it: whoever mends one wants to know of the others */
  constructor(public readonly text: string, private readonly batch: readonly PlannedJob[]) {}

  public toError(): Error {
    const concerned = new Map<string, string[]>();
    for (const { outcome, consumers } of this.batch.filter(job => job.consumers.length > 0)) {
      const { text } = outcome as BundlingFailure;
      concerned.set(text, [...concerned.get(text) ?? [], ...consumers.map(consumer => consumer.node.path)]);
    }
    const error = namedError([...concerned].map(([text, paths]) => `cannot bundle ${paths.map(p => `'${p}'`).join(', ')}: ${text}`).join('\n\n'));
    error.stack = `${error.name}: ${error.message}`; // the rest are frames of CDK and of this package, beneath the words that matter
    return error;
  }
}

type AssetLocation = FileAssetLocation & { readonly path: string };

const PLAN = Symbol('cdk-traced-function.BundlingPlan'); // of this copy of the library: another one has jobs of its own form

/**
 * All bundling of an app: jobs are collected while constructs are made, and run together when the first template that
 * needs one is resolved. Jobs that come after that are the next batch.
 */
export class BundlingPlan {
  /** The plan of the construct tree that the scope belongs to. */
  public static of(scope: IConstruct): BundlingPlan {
    const root = scope.node.root as IConstruct & { [PLAN]?: BundlingPlan };
    if (!root[PLAN]) {
      Object.defineProperty(root, PLAN, { value: new BundlingPlan(Languages.of(scope)), enumerable: false });
    }
    return root[PLAN]!;
  }

  private readonly jobs = new Map<string, PlannedJob>();
  private readonly required = new WeakMap<Stack, boolean>();
  private readonly sizes = new Map<string, PackageSize>();
  private readonly added = new WeakMap<IConstruct, { hash: string; location: AssetLocation }>();

  private constructor(private readonly languages: Languages) {}

  /** Asks for a package; equal requests share one. Returns the key to locate it with. */
  public request(consumer: IConstruct, request: JobRequest): string {
    const key = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const job = this.jobs.get(key);
    if (job) {
      job.consumers.push(consumer);
    } else {
      this.jobs.set(key, { request, consumers: [consumer] });
    }
    return key;
  }

  /** Adds the package to the assets of the consumer's stack, bundling everything that is pending first. */
  public locate(consumer: IConstruct, key: string): AssetLocation {
    if (!this.isRequired(Stack.of(consumer))) {
      return this.add(consumer, this.sourceOnly(consumer, this.jobs.get(key)!.request));
    }
    const bundled = this.package(key);
    bundled.warnings?.forEach(({ id, text }) => Annotations.of(consumer).addWarningV2(id, text));
    const added = this.added.get(consumer);
    // CDK resolves each token several times.
    if (added?.hash === bundled.hash && fs.existsSync(path.join(assetOutdir(consumer), `asset.${bundled.hash}`))) {
      return added.location;
    }
    const location = this.add(consumer, this.stage(consumer, bundled));
    this.added.set(consumer, { hash: bundled.hash, location });
    return location;
  }

  /** Bundles everything that is pending. @returns what went wrong with a package; undefined also where the consumer's stack needs none */
  public failure(consumer: IConstruct, key: string): string | undefined {
    if (!this.isRequired(Stack.of(consumer))) {
      return undefined;
    }
    const outcome = this.outcome(key);
    return outcome instanceof BundlingFailure ? outcome.text : undefined;
  }

  /** Of a finished package; undefined where the consumer's stack needs none, or it could not be made. */
  public size(consumer: IConstruct, key: string): PackageSize | undefined {
    const { outcome } = this.jobs.get(key)!;
    if (!this.isRequired(Stack.of(consumer)) || !outcome || outcome instanceof BundlingFailure) {
      return undefined;
    }
    if (!this.sizes.has(outcome.hash)) {
      this.sizes.set(outcome.hash, packageSize(outcome));
    }
    return this.sizes.get(outcome.hash);
  }

  /** A consumer needs its package no more. */
  public withdraw(consumer: IConstruct, key: string): void {
    const { consumers } = this.jobs.get(key)!;
    consumers.splice(consumers.indexOf(consumer), 1);
  }

  private add(consumer: IConstruct, asset: { path: string; hash: string }): AssetLocation {
    const location = Stack.of(consumer).synthesizer.addFileAsset({
      fileName: asset.path,
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash: asset.hash,
      displayName: `${consumer.node.path} Code`,
      deployTime: true,
    });
    return { ...location, path: asset.path };
  }

  /** CDK matches the stack's path with patterns each time that it is asked. */
  private isRequired(stack: Stack): boolean {
    if (!this.required.has(stack)) {
      this.required.set(stack, stack.bundlingRequired);
    }
    return this.required.get(stack)!;
  }

  /** What CDK does too for a stack that is not being deployed: a name that no package has, so that nothing is bundled for it. */
  private sourceOnly(consumer: IConstruct, request: JobRequest): { path: string; hash: string } {
    const source = this.languages.named(request.language).sourceOf(request);
    return { path: source, hash: createHash('sha256').update(consumer.node.path).digest('hex') };
  }

  private package(key: string): BundledPackage {
    const outcome = this.outcome(key);
    if (outcome instanceof BundlingFailure) {
      throw outcome.toError();
    }
    return outcome!;
  }

  /** Bundles everything that is pending, if this package is. */
  private outcome(key: string): PlannedJob['outcome'] {
    const job = this.jobs.get(key)!;
    if (!job.outcome) {
      this.runPending();
    }
    return job.outcome;
  }

  private runPending(): void {
    const cache = PackageCache.open(this.languages.all);
    const pending = [...this.jobs.values()].filter(job => !job.outcome && job.consumers.some(c => this.isRequired(Stack.of(c))));
    pending.forEach(job => job.outcome = cache?.find(job.request));
    const missing = pending.filter(job => !job.outcome);
    if (missing.length > 0) {
      bundle(missing, cache, this.languages);
    }
  }

  /** Puts the package where the consumer's stage keeps its assets, and names it as the stage's manifest has to. */
  private stage(consumer: IConstruct, bundled: BundledPackage): { path: string; hash: string } {
    const directory = path.join(assetOutdir(consumer), `asset.${bundled.hash}`);
    if (!fs.existsSync(directory)) {
      // Whole or not at all: a folder that a crash left half copied would be deployed as it is.
      const temporary = fs.mkdtempSync(path.join(assetOutdir(consumer), 'bundling-'));
      copyPackage(bundled, temporary);
      fs.renameSync(temporary, directory);
    }
    const absolute = consumer.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT);
    return { path: absolute ? directory : path.relative(path.resolve(Stage.of(consumer)!.outdir), directory), hash: bundled.hash };
  }
}

/** Runs the jobs together and settles the outcome of each. */
function bundle(planned: PlannedJob[], cache: PackageCache | undefined, languages: Languages): void {
  // Beside the staged assets, so that a package is moved there without a copy; no name in it may reach a package's contents.
  const workDir = fs.mkdtempSync(path.join(assetOutdir(planned[0].consumers[0]), 'bundling-'));
  const startedAt = fs.statSync(workDir, { bigint: true }).mtimeNs;
  try {
    const jobs = planned.map((job, i) => ({
      ...job.request,
      outputDir: path.join(workDir, String(i)),
      workDir: path.join(workDir, `${i}.work`),
      assetDir: path.dirname(workDir),
      consumers: job.consumers.map(c => c.node.path),
    }) satisfies BundlingJob);
    const runners = Object.fromEntries([...new Set(jobs.map(job => job.language))].map(language => [language, languages.named(language).runner()]));
    const { results } = runBundlingRunner({ jobs, runners });
    const made: Parameters<PackageCache['store']>[0] = [];
    for (const [i, job] of planned.entries()) {
      const { error, inputs, hash, warnings } = results[i];
      if (!error) {
        const bundled = { ...keep(jobs[i].outputDir, assetOutdir(job.consumers[0]), hash), warnings };
        job.outcome = bundled;
        made.push(...inputs ? [{ request: job.request, bundled, inputs }] : []);
      }
    }
    keepForLater(() => {
      cache?.store(made, startedAt);
      cache?.prune();
    });
    const failed = planned.filter((_, i) => results[i].error);
    planned.forEach((job, i) => {
      const { error } = results[i];
      if (error) {
        job.outcome = new BundlingFailure(error, failed);
      }
    });
  } finally {
    fs.rmSync(workDir, { recursive: true, force: true });
  }
}

function assetOutdir(scope: IConstruct): string {
  const stage = Stage.of(scope);
  if (!stage) {
    throw validationError(scope, 'TF111', 'is not inside an App or a Stage, so there is no folder for its package; create its stack in an App');
  }
  return path.resolve(stage.assetOutdir);
}

function keep(outputDir: string, outdir: string, known: string | undefined): BundledPackage {
  if (!known) {
    normalizeModes(outputDir);
  }
  const hash = known ?? directoryHash(outputDir);
  const directory = path.join(outdir, `asset.${hash}`);
  if (!fs.existsSync(directory)) {
    fs.renameSync(outputDir, directory);
  }
  return { path: directory, hash };
}
