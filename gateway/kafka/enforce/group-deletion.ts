import { apis } from '../wire/generated/apis.ts';
import {
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
  defaultDeleteGroupsResponse,
  defaultDeleteGroupsResponseDeletableGroupResult,
} from '../wire/generated/delete-groups.ts';
import {
  defaultOffsetDeleteResponse,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '../wire/generated/offset-delete.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** Delete on every group, else 30 there. */
export const deleteGroups = enforcement<DeleteGroupsRequest, DeleteGroupsResponse, DeleteGroupsResponse['results']>(
  apis.DeleteGroups,
  {
    min: 0,
    max: 3,
    request(request, version, context) {
      const refused: DeleteGroupsResponse['results'][number][] = [];
      const groupsNames = request.groupsNames.filter((groupId) => {
        if (context.allows('delete', 'group', groupId, denied.group)) return true;
        const errorMessage = version < 3 ? null : 'Sluice: deleting this group is not allowed.';
        const errorCode = denied.group;
        refused.push({ ...defaultDeleteGroupsResponseDeletableGroupResult, groupId, errorCode, errorMessage });
        return false;
      });
      if (groupsNames.length === 0) {
        return { kind: 'reply', response: { ...defaultDeleteGroupsResponse, results: refused } };
      }
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, groupsNames }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, results: [...response.results, ...refused] } };
    },
  },
);

/** The offsets of the group, else 30, and of every topic, else 29 there. */
export const offsetDelete = enforcement<OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponse['topics']>(
  apis.OffsetDelete,
  {
    min: 0,
    max: 0,
    request(request, _version, context) {
      if (!context.allows('offsets', 'group', request.groupId, denied.group)) {
        return { kind: 'reply', response: { ...defaultOffsetDeleteResponse, errorCode: denied.group } };
      }
      const refused: OffsetDeleteResponse['topics'][number][] = [];
      const topics = request.topics.filter(({ name, partitions }) => {
        if (context.allows('offsets', 'topic', name, denied.topic)) return true;
        const errors = partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: denied.topic }));
        refused.push({ name, partitions: errors });
        return false;
      });
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      if (topics.length === 0) return { kind: 'reply', response: { ...defaultOffsetDeleteResponse, topics: refused } };
      return { kind: 'send', request: { ...request, topics }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);
