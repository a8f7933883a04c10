import {
  type AlterShareGroupOffsetsRequest,
  type AlterShareGroupOffsetsResponse,
  defaultAlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponsePartition as alteredPartition,
  defaultAlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponseTopic as alteredTopic,
  defaultAlterShareGroupOffsetsResponse,
} from '../wire/generated/alter-share-group-offsets.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  type DeleteShareGroupOffsetsRequest,
  type DeleteShareGroupOffsetsResponse,
  defaultDeleteShareGroupOffsetsResponse,
  defaultDeleteShareGroupOffsetsResponseDeleteShareGroupOffsetsResponseTopic as deletedTopic,
} from '../wire/generated/delete-share-group-offsets.ts';
import {
  type DescribeShareGroupOffsetsRequest,
  type DescribeShareGroupOffsetsResponse,
  defaultDescribeShareGroupOffsetsResponse,
  defaultDescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseGroup as describedGroup,
  defaultDescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponsePartition as describedPartition,
  defaultDescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseTopic as describedTopic,
} from '../wire/generated/describe-share-group-offsets.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

const groupMessage = 'Sluice: the offsets of this group are not yours to see or change.';

type Groups = DescribeShareGroupOffsetsResponse['groups'];
type Topics = Groups[number]['topics'];

interface Described {
  readonly refused: Groups;
  /** Denied topics of groups that are asked for, by group. */
  readonly topics: ReadonlyMap<string, Topics>;
}

/** Describe on every group, else 30 there, and on every topic, else 29 there; all topics are those that may be seen. */
export const describeShareGroupOffsets = enforcement<
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
  Described
>(apis.DescribeShareGroupOffsets, {
  min: 0,
  max: 1,
  request(request, _version, context) {
    const refused: Groups[number][] = [];
    const denials = new Map<string, Topics>();
    const groups = request.groups.flatMap((group) => {
      if (!context.allows('describe', 'group', group.groupId, denied.group)) {
        const { groupId } = group;
        refused.push({ ...describedGroup, groupId, errorCode: denied.group, errorMessage: groupMessage });
        return [];
      }
      if (group.topics === null) return [group];
      const lost: Topics[number][] = [];
      const topics = group.topics.filter(({ topicName, partitions }) => {
        if (context.allows('describe', 'topic', topicName, denied.topic)) return true;
        lost.push({
          ...describedTopic,
          topicName,
          partitions: partitions.map((partitionIndex) => ({
            ...describedPartition,
            partitionIndex,
            startOffset: -1n,
            errorCode: denied.topic,
          })),
        });
        return false;
      });
      denials.set(group.groupId, lost);
      return [{ ...group, topics }];
    });
    if (groups.length === 0) {
      return { kind: 'reply', response: { ...defaultDescribeShareGroupOffsetsResponse, groups: refused } };
    }
    return { kind: 'send', request: { ...request, groups }, pending: { refused, topics: denials } };
  },
  response(response, _version, pending, context) {
    const groups = response.groups.map((group) => {
      const topics = group.topics.filter(({ topicName }) => context.sees('describe', 'topic', topicName));
      return { ...group, topics: [...topics, ...(pending.topics.get(group.groupId) ?? [])] };
    });
    return { kind: 'send', response: { ...response, groups: [...groups, ...pending.refused] } };
  },
});

type Altered = AlterShareGroupOffsetsResponse['responses'];

/** The offsets of the group, else 30, and of every topic, else 29 there. */
export const alterShareGroupOffsets = enforcement<
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
  Altered
>(apis.AlterShareGroupOffsets, {
  min: 0,
  max: 0,
  request(request, _version, context) {
    const blank = defaultAlterShareGroupOffsetsResponse;
    if (!mayMoveGroup(request.groupId, context)) {
      return { kind: 'reply', response: { ...blank, errorCode: denied.group, errorMessage: groupMessage } };
    }
    const refused: Altered[number][] = [];
    const topics = request.topics.filter(({ topicName, partitions }) => {
      if (mayMoveTopic(topicName, context)) return true;
      const errors = partitions.map(({ partitionIndex }) => ({
        ...alteredPartition,
        partitionIndex,
        errorCode: denied.topic,
      }));
      refused.push({ ...alteredTopic, topicName, partitions: errors });
      return false;
    });
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    if (topics.length === 0) return { kind: 'reply', response: { ...blank, responses: refused } };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, responses: [...response.responses, ...refused] } };
  },
});

type Deleted = DeleteShareGroupOffsetsResponse['responses'];

/** The offsets of the group, else 30, and of every topic, else 29 there. */
export const deleteShareGroupOffsets = enforcement<
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
  Deleted
>(apis.DeleteShareGroupOffsets, {
  min: 0,
  max: 0,
  request(request, _version, context) {
    const blank = defaultDeleteShareGroupOffsetsResponse;
    if (!mayMoveGroup(request.groupId, context)) {
      return { kind: 'reply', response: { ...blank, errorCode: denied.group, errorMessage: groupMessage } };
    }
    const refused: Deleted[number][] = [];
    const topics = request.topics.filter(({ topicName }) => {
      if (mayMoveTopic(topicName, context)) return true;
      refused.push({ ...deletedTopic, topicName, errorCode: denied.topic });
      return false;
    });
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    if (topics.length === 0) return { kind: 'reply', response: { ...blank, responses: refused } };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, responses: [...response.responses, ...refused] } };
  },
});

function mayMoveGroup(groupId: string, context: FrameContext): boolean {
  return context.allows('offsets', 'group', groupId, denied.group);
}

function mayMoveTopic(topic: string, context: FrameContext): boolean {
  return context.allows('offsets', 'topic', topic, denied.topic);
}
