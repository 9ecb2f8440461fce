import { object, operation, Operation, TAGS, TEXT } from './operation';
import type { GroupInput } from '../settings/groups';
import type { Tag } from '../settings/tags';

const INSIGHTS = object({ InsightsEnabled: { type: 'boolean' }, NotificationsEnabled: { type: 'boolean' } });
const GROUP = { GroupName: TEXT, GroupARN: TEXT, FilterExpression: TEXT, InsightsConfiguration: INSIGHTS };

export const groupOperations: Operation[] = [
  operation<GroupInput & { Tags?: Tag[] }>(
    'CreateGroup', '/CreateGroup', object({ ...GROUP, Tags: TAGS }, ['GroupName']),
    ({ Tags: tagList, ...input }, { groups, tags }) => {
      tags.checkNew(tagList ?? []);
      const group = groups.create(input);
      if (tagList !== undefined) tags.add(group.GroupARN, tagList);
      return { Group: group };
    },
  ),
  operation<GroupInput>('GetGroup', '/GetGroup', object(GROUP), (key, { groups }) => ({ Group: groups.find(key) })),
  operation('GetGroups', '/Groups', object({ NextToken: TEXT }), (_, { groups }) => ({ Groups: groups.list() })),
  operation<GroupInput>('UpdateGroup', '/UpdateGroup', object(GROUP), (input, { groups }) => ({ Group: groups.update(input) })),
  operation<GroupInput>('DeleteGroup', '/DeleteGroup', object(GROUP), (key, { groups, tags }) => {
    const { GroupARN: arn } = groups.find(key);
    groups.delete(key);
    tags.forget(arn);
    return {};
  }),
];
