import { apis } from '../wire/generated/apis.ts';
import {
  defaultOffsetFetchResponse,
  defaultOffsetFetchResponseOffsetFetchResponseGroup,
  type OffsetFetchRequest,
  type OffsetFetchRequestOffsetFetchRequestGroup,
  type OffsetFetchResponse,
  type OffsetFetchResponseOffsetFetchResponseGroup,
} from '../wire/generated/offset-fetch.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

const groupsFrom = 8;

interface RefusedTopic {
  readonly name: string;
  readonly partitions: readonly number[];
}

interface Pending {
  readonly groups: readonly OffsetFetchResponseOffsetFetchResponseGroup[];
  /** By group id. */
  readonly topics: ReadonlyMap<string, readonly RefusedTopic[]>;
}

/**
 * Describe on the group and on every topic: 30 for the group (top level up to version 7, per group from 8 on), 29 and
 * offset -1 for a topic. A request for all topics of a group shows those that may be described.
 */
export const offsetFetch = enforcement<OffsetFetchRequest, OffsetFetchResponse, Pending>(apis.OffsetFetch, {
  min: 1,
  max: 9,
  request(request, version, context) {
    const topicsOf = new Map<string, RefusedTopic[]>();
    if (version < groupsFrom) {
      if (!context.allows('consume', 'group', request.groupId, denied.group)) {
        return { kind: 'reply', response: singleGroupDenied(request, version) };
      }
      const topics = request.topics && allowedTopics(request.groupId, request.topics, topicsOf, context);
      const pending: Pending = { groups: [], topics: topicsOf };
      if (topicsOf.size === 0) return { kind: 'forward', pending };
      if (topics?.length === 0)
        return { kind: 'reply', response: putBack(defaultOffsetFetchResponse, version, pending) };
      return { kind: 'send', request: { ...request, topics }, pending };
    }
    const refused: OffsetFetchResponseOffsetFetchResponseGroup[] = [];
    const groups: OffsetFetchRequestOffsetFetchRequestGroup[] = [];
    for (const group of request.groups) {
      if (!context.allows('consume', 'group', group.groupId, denied.group)) {
        refused.push({
          ...defaultOffsetFetchResponseOffsetFetchResponseGroup,
          groupId: group.groupId,
          errorCode: denied.group,
        });
        continue;
      }
      const topics = group.topics && allowedTopics(group.groupId, group.topics, topicsOf, context);
      groups.push({ ...group, topics });
    }
    const pending: Pending = { groups: refused, topics: topicsOf };
    if (refused.length === 0 && topicsOf.size === 0) return { kind: 'forward', pending };
    if (groups.length === 0) return { kind: 'reply', response: putBack(defaultOffsetFetchResponse, version, pending) };
    return { kind: 'send', request: { ...request, groups }, pending };
  },
  response(response, version, pending, context) {
    const seen = <T extends { readonly name: string }>(topics: readonly T[]): readonly T[] =>
      topics.filter((topic) => context.sees('describe', 'topic', topic.name));
    const filtered = {
      ...response,
      topics: seen(response.topics),
      groups: response.groups.map((group) => ({ ...group, topics: seen(group.topics) })),
    };
    return { kind: 'send', response: putBack(filtered, version, pending) };
  },
});

function allowedTopics<T extends { readonly name: string; readonly partitionIndexes: readonly number[] }>(
  group: string,
  topics: readonly T[],
  refused: Map<string, RefusedTopic[]>,
  context: FrameContext,
): T[] {
  return topics.filter((topic) => {
    if (context.allows('describe', 'topic', topic.name, denied.topic)) return true;
    refused.set(group, [...(refused.get(group) ?? []), { name: topic.name, partitions: topic.partitionIndexes }]);
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
  const back = (group: string) =>
    (pending.topics.get(group) ?? []).map((topic) => ({
      name: topic.name,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      partitions: topic.partitions.map((index) => refusedPartition(index, denied.topic)),
    }));
  if (version < groupsFrom) {
    const all = [...pending.topics.keys()].flatMap(back);
    return { ...response, topics: [...response.topics, ...all] };
  }
  const groups = response.groups.map((group) => ({ ...group, topics: [...group.topics, ...back(group.groupId)] }));
  return { ...response, groups: [...groups, ...pending.groups] };
}
