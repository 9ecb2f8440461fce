import { randomUUID } from 'node:crypto';
import type { XraySettings } from './xray-settings';
import { ApiError } from '../api-error';
import { isObject } from '../wire/segment-document';

/** As in the service model; the time in seconds since the epoch. */
export interface ResourcePolicy {
  PolicyName: string;
  PolicyDocument: string;
  PolicyRevisionId: string;
  LastUpdatedTime: number;
}

const PART = 'resourcePolicies';
const MAX_POLICIES = 5;
const MAX_BYTES = 5 * 1024;

/** The resource policies, which let services such as SNS send segments. */
export class ResourcePolicies {
  private policies: ResourcePolicy[];

  constructor(private readonly settings: XraySettings) {
    this.policies = settings.get<ResourcePolicy[]>(PART, []);
  }

  list(): ResourcePolicy[] {
    return [...this.policies];
  }

  put(name: string, document: string, revision: string | undefined): ResourcePolicy {
    if (!/^[\w+=,.@-]{1,128}$/.test(name)) throw new ApiError(`PolicyName must be 1 to 128 letters, digits or +=,.@-_, got '${name}'`);
    if (Buffer.byteLength(document) > MAX_BYTES) throw new ApiError(`a policy has at most ${MAX_BYTES} bytes`, 'PolicySizeLimitExceededException');
    checkDocument(document);
    const known = this.policies.find((policy) => policy.PolicyName === name);
    checkRevision(known, revision);
    if (known === undefined && this.policies.length >= MAX_POLICIES) {
      throw new ApiError(`there can be at most ${MAX_POLICIES} resource policies`, 'PolicyCountLimitExceededException');
    }
    const policy = { PolicyName: name, PolicyDocument: document, PolicyRevisionId: randomUUID(), LastUpdatedTime: Math.floor(Date.now() / 1000) };
    this.policies = [...this.policies.filter((other) => other !== known), policy];
    this.settings.set(PART, this.policies);
    return policy;
  }

  delete(name: string, revision: string | undefined): void {
    const known = this.policies.find((policy) => policy.PolicyName === name);
    if (known === undefined) throw new ApiError(`there is no resource policy '${name}'`);
    checkRevision(known, revision);
    this.policies = this.policies.filter((other) => other !== known);
    this.settings.set(PART, this.policies);
  }
}

function checkRevision(known: ResourcePolicy | undefined, revision: string | undefined): void {
  // "0" asks for a policy that does not exist yet.
  if (revision === undefined || revision === (known?.PolicyRevisionId ?? '0')) return;
  throw new ApiError(`the policy has been changed since revision ${revision}`, 'InvalidPolicyRevisionIdException');
}

function checkDocument(document: string): void {
  try {
    const parsed: unknown = JSON.parse(document);
    if (isObject(parsed) && (Array.isArray(parsed.Statement) || isObject(parsed.Statement))) return;
  } catch {
    // told below
  }
  throw new ApiError('PolicyDocument must be a JSON object with a Statement', 'MalformedPolicyDocumentException');
}
