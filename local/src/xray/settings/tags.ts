import type { XraySettings } from './xray-settings';
import { ApiError } from '../api-error';

export interface Tag {
  Key: string;
  Value: string;
}

const PART = 'tags';
const MAX_TAGS = 50;

/** Tags of groups and sampling rules, by ARN. */
export class Tags {
  private readonly byArn: Record<string, Tag[]>;

  /** @param exists whether a group or sampling rule has the ARN */
  constructor(private readonly settings: XraySettings, private readonly exists: (arn: string) => boolean) {
    this.byArn = settings.get<Record<string, Tag[]>>(PART, {});
  }

  list(arn: string): Tag[] {
    this.check(arn);
    return this.byArn[arn] ?? [];
  }

  /** Fails when a resource cannot have these tags: to be asked before it is made, so that none is left behind half made. */
  checkNew(tags: readonly Tag[]): void {
    merge('the resource', [], tags);
  }

  add(arn: string, tags: readonly Tag[]): void {
    this.check(arn);
    this.byArn[arn] = merge(arn, this.byArn[arn] ?? [], tags);
    this.save();
  }

  remove(arn: string, keys: readonly string[]): void {
    this.check(arn);
    this.byArn[arn] = (this.byArn[arn] ?? []).filter((tag) => !keys.includes(tag.Key));
    this.save();
  }

  /** The resource is gone. */
  forget(arn: string): void {
    if (this.byArn[arn] === undefined) return;
    delete this.byArn[arn];
    this.save();
  }

  private check(arn: string): void {
    if (!this.exists(arn)) throw new ApiError(`there is no group or sampling rule ${arn}`, 'ResourceNotFoundException');
  }

  private save(): void {
    this.settings.set(PART, this.byArn);
  }
}

function merge(resource: string, known: readonly Tag[], tags: readonly Tag[]): Tag[] {
  const merged = new Map([...known, ...tags].map((tag) => [tag.Key, tag]));
  if (merged.size > MAX_TAGS) throw new ApiError(`${resource} would have ${merged.size} tags; at most ${MAX_TAGS} are allowed`, 'TooManyTagsException');
  const reserved = tags.find(({ Key: key }) => /^aws:/i.test(key));
  if (reserved !== undefined) throw new ApiError(`the key of a tag cannot begin with 'aws:', got '${reserved.Key}'`);
  return [...merged.values()];
}
