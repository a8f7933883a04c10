import { apis } from '../wire/generated/apis.ts';
import {
  defaultOffsetFetchResponse,
  defaultOffsetFetchResponseOffsetFetchResponseGroup,
  type OffsetFetchRequest,
  type OffsetFetchRequestOffsetFetchRequestGroup,
  type OffsetFetchResponse,
  type OffsetFetchResponseOffsetFetchResponseGroup,
  type OffsetFetchResponseOffsetFetchResponseTopics,
} from '../wire/generated/offset-fetch.ts';
import type { FrameContext } from './context.ts';
import { enforcement, type Need } from './enforcement.ts';
import { denied } from './errors.ts';
import { namesNeeded, topicError, topicName } from './topic-ids.ts';
import { noTopicId } from './topic-ref.ts';

const groupsFrom = 8;
/** First version whose topics go by id. */
const byIdFrom = 10;

interface Pending {
  readonly groups: readonly OffsetFetchResponseOffsetFetchResponseGroup[];
  /** By group id. */
  readonly topics: ReadonlyMap<string, readonly OffsetFetchResponseOffsetFetchResponseTopics[]>;
}

/**
 * Describe on the group and on every topic: 30 for the group (top level up to version 7, per group from 8 on), 29 (100
 * for an id that no topic has) and offset -1 for a topic. A request for all topics of a group shows those that may be
 * described.
 */
export const offsetFetch = enforcement<OffsetFetchRequest, OffsetFetchResponse, Pending>(apis.OffsetFetch, {
  min: 1,
  max: 10,
  request(request, version, context) {
    const byId = version >= byIdFrom;
    const need = byId ? idsNeeded(request.groups, context) : undefined;
    if (need) return need;
    const topicsOf = new Map<string, OffsetFetchResponseOffsetFetchResponseTopics[]>();
    if (version < groupsFrom) {
      if (!context.allows('describe', 'group', request.groupId, denied.group)) {
        return { kind: 'reply', response: singleGroupDenied(request, version) };
      }
      const topics = request.topics && allowedTopics(request.groupId, request.topics, byId, topicsOf, context);
      const pending: Pending = { groups: [], topics: topicsOf };
      if (topicsOf.size === 0) return { kind: 'forward', pending };
      if (topics?.length === 0)
        return { kind: 'reply', response: putBack(defaultOffsetFetchResponse, version, pending) };
      return { kind: 'send', request: { ...request, topics }, pending };
    }
    const refused: OffsetFetchResponseOffsetFetchResponseGroup[] = [];
    const groups: OffsetFetchRequestOffsetFetchRequestGroup[] = [];
    for (const group of request.groups) {
      if (!context.allows('describe', 'group', group.groupId, denied.group)) {
        refused.push({
          ...defaultOffsetFetchResponseOffsetFetchResponseGroup,
          groupId: group.groupId,
          errorCode: denied.group,
        });
        continue;
      }
      const topics = group.topics && allowedTopics(group.groupId, group.topics, byId, topicsOf, context);
      groups.push({ ...group, topics });
    }
    const pending: Pending = { groups: refused, topics: topicsOf };
    if (refused.length === 0 && topicsOf.size === 0) return { kind: 'forward', pending };
    if (groups.length === 0) return { kind: 'reply', response: putBack(defaultOffsetFetchResponse, version, pending) };
    return { kind: 'send', request: { ...request, groups }, pending };
  },
  response(response, version, pending, context) {
    const byId = version >= byIdFrom;
    const need = byId ? idsNeeded(response.groups, context) : undefined;
    if (need) return need;
    const seen = <T extends { readonly name: string; readonly topicId?: string }>(topics: readonly T[]): readonly T[] =>
      topics.filter(({ name, topicId = noTopicId }) => {
        const known = topicName({ name, topicId }, byId, context);
        return known !== undefined && context.sees('describe', 'topic', known);
      });
    const filtered = {
      ...response,
      topics: seen(response.topics),
      groups: response.groups.map((group) => ({ ...group, topics: seen(group.topics) })),
    };
    return { kind: 'send', response: putBack(filtered, version, pending) };
  },
});

function idsNeeded(
  groups: readonly { readonly topics: readonly { readonly topicId: string }[] | null }[],
  context: FrameContext,
): Need | undefined {
  return namesNeeded(
    groups.flatMap(({ topics }) => (topics ?? []).map(({ topicId }) => topicId)),
    context,
  );
}

function allowedTopics<
  T extends { readonly name: string; readonly topicId?: string; readonly partitionIndexes: readonly number[] },
>(
  group: string,
  topics: readonly T[],
  byId: boolean,
  refused: Map<string, OffsetFetchResponseOffsetFetchResponseTopics[]>,
  context: FrameContext,
): T[] {
  return topics.filter(({ name, topicId = noTopicId, partitionIndexes }) => {
    const error = topicError('describe', { name, topicId }, byId, context);
    if (error === 0) return true;
    const partitions = partitionIndexes.map((index) => refusedPartition(index, error));
    refused.set(group, [...(refused.get(group) ?? []), { name, topicId, partitions }]);
    return false;
  });
}

function refusedPartition(partitionIndex: number, errorCode: number) {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode };
}

/** Versions before 2 have no top-level error: it stands in every partition. */
function singleGroupDenied(request: OffsetFetchRequest, version: number): OffsetFetchResponse {
  const topics = (version < 2 ? (request.topics ?? []) : []).map((topic) => ({
    name: topic.name,
    partitions: topic.partitionIndexes.map((index) => refusedPartition(index, denied.group)),
  }));
  return { ...defaultOffsetFetchResponse, topics, errorCode: version < 2 ? 0 : denied.group };
}

function putBack(response: OffsetFetchResponse, version: number, pending: Pending): OffsetFetchResponse {
  if (version < groupsFrom) {
    return { ...response, topics: [...response.topics, ...[...pending.topics.values()].flat()] };
  }
  const groups = response.groups.map((group) => ({
    ...group,
    topics: [...group.topics, ...(pending.topics.get(group.groupId) ?? [])],
  }));
  return { ...response, groups: [...groups, ...pending.groups] };
}
