import type { XraySettings } from './xray-settings';
import { ApiError } from '../api/operation';

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

  add(arn: string, tags: readonly Tag[]): void {
    this.check(arn);
    const merged = new Map([...this.byArn[arn] ?? [], ...tags].map((tag) => [tag.Key, tag]));
    if (merged.size > MAX_TAGS) throw new ApiError(`${arn} would have ${merged.size} tags; at most ${MAX_TAGS} are allowed`, 'TooManyTagsException');
    this.byArn[arn] = [...merged.values()];
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
