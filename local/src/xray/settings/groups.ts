import { randomBytes } from 'node:crypto';
import type { XraySettings } from './xray-settings';
import { ApiError } from '../api-error';
import { parseFilter } from '../filter/parse-filter';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../local-place';

/** As in the service model. */
export interface Group {
  GroupName: string;
  GroupARN: string;
  FilterExpression: string;
  InsightsConfiguration: { InsightsEnabled: boolean; NotificationsEnabled: boolean };
}

export interface GroupInput {
  GroupName?: string;
  GroupARN?: string;
  FilterExpression?: string;
  InsightsConfiguration?: { InsightsEnabled?: boolean; NotificationsEnabled?: boolean };
}

const PART = 'groups';
const DEFAULT_GROUP = 'Default';
const MAX_GROUPS = 25;

/** The groups of traces. The group `Default` is there from the start, holds every trace and cannot be deleted. */
export class Groups {
  private groups: Group[];

  constructor(private readonly settings: XraySettings) {
    this.groups = settings.get<Group[]>(PART, []);
    if (!this.groups.some((group) => group.GroupName === DEFAULT_GROUP)) this.groups.unshift(newGroup(DEFAULT_GROUP, '', undefined));
  }

  list(): Group[] {
    return [...this.groups];
  }

  create(input: GroupInput): Group {
    const { GroupName: name, FilterExpression: filter } = input;
    if (name === undefined) throw new ApiError('GroupName is required');
    if (!/^[\w-]{1,32}$/.test(name)) throw new ApiError(`GroupName must be 1 to 32 letters, digits, '_' or '-', got '${name}'`);
    if (this.groups.some((group) => group.GroupName === name)) throw new ApiError(`a group named '${name}' exists already`);
    if (this.groups.length > MAX_GROUPS) throw new ApiError(`there can be at most ${MAX_GROUPS} groups`);
    const group = newGroup(name, checked(filter, name), input.InsightsConfiguration);
    checkInsights(group.InsightsConfiguration);
    this.groups.push(group);
    this.save();
    return group;
  }

  /** The group with the name or the ARN; fails when there is none, or when both or neither is given. */
  find({ GroupName: name, GroupARN: arn }: Pick<GroupInput, 'GroupName' | 'GroupARN'>): Group {
    if (name === undefined && arn === undefined) throw new ApiError('give GroupName or GroupARN');
    const group = this.groups.find((one) => (name === undefined || one.GroupName === name) && (arn === undefined || one.GroupARN === arn));
    if (group === undefined) throw new ApiError(`there is no group '${name ?? arn}'`);
    return group;
  }

  update(input: GroupInput): Group {
    const group = this.find(input);
    const { FilterExpression: filter, InsightsConfiguration: insights } = input;
    if (group.GroupName === DEFAULT_GROUP && filter !== undefined) {
      throw new ApiError('the group Default holds every trace; only its InsightsConfiguration can be changed');
    }
    const changed = { ...group.InsightsConfiguration, ...insights };
    checkInsights(changed);
    if (filter !== undefined) group.FilterExpression = checked(filter, group.GroupName);
    group.InsightsConfiguration = changed;
    this.save();
    return group;
  }

  delete(key: Pick<GroupInput, 'GroupName' | 'GroupARN'>): void {
    const group = this.find(key);
    if (group.GroupName === DEFAULT_GROUP) throw new ApiError('the group Default cannot be deleted');
    this.groups = this.groups.filter((other) => other !== group);
    this.save();
  }

  private save(): void {
    this.settings.set(PART, this.groups);
  }
}

function newGroup(name: string, filter: string, insights: GroupInput['InsightsConfiguration']): Group {
  const id = name === DEFAULT_GROUP ? 'Default' : randomBytes(26).toString('hex').toUpperCase().slice(0, 52);
  return {
    GroupName: name,
    GroupARN: `arn:aws:xray:${LOCAL_REGION}:${LOCAL_ACCOUNT}:group/${name}${name === DEFAULT_GROUP ? '' : `/${id}`}`,
    FilterExpression: filter,
    InsightsConfiguration: { InsightsEnabled: insights?.InsightsEnabled ?? false, NotificationsEnabled: insights?.NotificationsEnabled ?? false },
  };
}

function checkInsights({ InsightsEnabled: insights, NotificationsEnabled: notifications }: Group['InsightsConfiguration']): void {
  if (notifications && !insights) throw new ApiError('NotificationsEnabled needs InsightsEnabled');
}

/** A filter expression that can be read and is not the group's own. Empty means every trace. */
function checked(filter: string | undefined, group: string): string {
  if (filter === undefined || filter.trim() === '') return '';
  const text = JSON.stringify(parseFilter(filter));
  if (text.includes(JSON.stringify({ kind: 'group', by: 'name', operator: '=', value: group }).slice(0, -1))) {
    throw new ApiError(`the filter expression of group '${group}' refers to the group itself`);
  }
  return filter;
}
