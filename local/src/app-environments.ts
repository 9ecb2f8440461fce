import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './xray/local-place';

/** An account and region with the qualifier of the bootstrap resources that a stack there asks for. */
export interface AppEnvironment {
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  /** `hnb659fds` unless the app chose another one. */
  readonly qualifier: string;
}

export const DEFAULT_QUALIFIER = 'hnb659fds';

/** Where stacks go that name no environment, or that of the CLI. */
export const DEFAULT_ENVIRONMENT: AppEnvironment = { account: LOCAL_ACCOUNT, region: LOCAL_REGION, qualifier: DEFAULT_QUALIFIER };

/** A stack of a cloud assembly, and where it goes. */
export interface AppStack {
  readonly name: string;
  /** As the CLI calls it: `Prod/Api (Prod-Api)`, or its name. */
  readonly displayName: string;
  readonly environment: AppEnvironment;
}

/**
 * All stacks of a cloud assembly, those of its stages included.
 * Source of the format: `manifest.json`, package @aws-cdk/cloud-assembly-schema. `unknown-account` and `unknown-region` are the CLI's own.
 *
 * @param assembly folder of the cloud assembly
 */
export function appStacks(assembly: string): AppStack[] {
  return artifactsOf(assembly).flatMap(([id, artifact]) => {
    const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact.environment ?? '') ?? [];
    if (artifact.type !== 'aws:cloudformation:stack' || !account) return [];
    const name = artifact.properties?.stackName ?? id;
    const path = artifact.displayName ?? id;
    return [{
      name,
      displayName: path === name ? name : `${path} (${name})`,
      environment: {
        account: account === 'unknown-account' ? LOCAL_ACCOUNT : account,
        region: region === 'unknown-region' ? LOCAL_REGION : region,
        qualifier: /^\/cdk-bootstrap\/([^/]+)\/version$/.exec(artifact.properties?.bootstrapStackVersionSsmParameter ?? '')?.[1] ?? DEFAULT_QUALIFIER,
      },
    }];
  });
}

/** The environments of all stacks of a cloud assembly, each once. */
export function appEnvironments(assembly: string): AppEnvironment[] {
  return [...new Map(appStacks(assembly).map(({ environment }) => [Object.values(environment).join('/'), environment])).values()];
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly properties?: { readonly directoryName?: string; readonly bootstrapStackVersionSsmParameter?: string; readonly stackName?: string };
}

function artifactsOf(assembly: string): [string, Artifact][] {
  const file = join(assembly, 'manifest.json');
  if (!existsSync(file)) return [];
  const { artifacts = {} } = JSON.parse(readFileSync(file, 'utf8')) as { artifacts?: Record<string, Artifact> };
  return Object.entries(artifacts).flatMap(([id, artifact]) => artifact.type === 'cdk:cloud-assembly'
    ? artifactsOf(join(assembly, artifact.properties!.directoryName!))
    : [[id, artifact] as [string, Artifact]]);
}
