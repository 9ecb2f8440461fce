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

/**
 * The environments of all stacks of a cloud assembly, those of its stages included; each once.
 * Source of the format: `manifest.json`, package @aws-cdk/cloud-assembly-schema. `unknown-account` and `unknown-region` are the CLI's own.
 *
 * @param assembly folder of the cloud assembly
 */
export function appEnvironments(assembly: string): AppEnvironment[] {
  const found = new Map<string, AppEnvironment>();
  for (const artifact of artifactsOf(assembly)) {
    const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact.environment ?? '') ?? [];
    if (artifact.type !== 'aws:cloudformation:stack' || !account) continue;
    const environment = {
      account: account === 'unknown-account' ? LOCAL_ACCOUNT : account,
      region: region === 'unknown-region' ? LOCAL_REGION : region,
      qualifier: /^\/cdk-bootstrap\/([^/]+)\/version$/.exec(artifact.properties?.bootstrapStackVersionSsmParameter ?? '')?.[1] ?? DEFAULT_QUALIFIER,
    };
    found.set(Object.values(environment).join('/'), environment);
  }
  return [...found.values()];
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly properties?: { readonly directoryName?: string; readonly bootstrapStackVersionSsmParameter?: string };
}

function artifactsOf(assembly: string): Artifact[] {
  const file = join(assembly, 'manifest.json');
  if (!existsSync(file)) return [];
  const { artifacts = {} } = JSON.parse(readFileSync(file, 'utf8')) as { artifacts?: Record<string, Artifact> };
  return Object.values(artifacts).flatMap(artifact => artifact.type === 'cdk:cloud-assembly'
    ? artifactsOf(join(assembly, artifact.properties!.directoryName!))
    : [artifact]);
}
