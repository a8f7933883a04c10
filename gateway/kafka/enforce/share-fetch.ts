import type { TopicEntry } from '../../../core/audit/event.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultShareFetchRequestFetchPartition,
  defaultShareFetchResponse,
  defaultShareFetchResponsePartitionData,
  type ShareFetchRequest,
  type ShareFetchRequestFetchTopic,
  type ShareFetchRequestForgottenTopic,
  type ShareFetchResponse,
  type ShareFetchResponsePartitionData,
  type ShareFetchResponseShareFetchableTopicResponse,
} from '../wire/generated/share-fetch.ts';
import { rewriteEndpoint } from './addresses.ts';
import type { FrameContext } from './context.ts';
import { enforcement, type RequestOutcome } from './enforcement.ts';
import { denied } from './errors.ts';
import { judgeRecords } from './judge-records.ts';
import {
  finalEpoch,
  heldTopicError,
  namedTopicError,
  type RefusedShareTopic,
  refusedTopic,
  sessionOf,
} from './share-request.ts';
import type { ShareSession } from './share-sessions.ts';
import { namesNeeded } from './topic-ids.ts';

type Refused = readonly RefusedShareTopic[];

/**
 * Read on the group, else 30; Read on every topic, else 29 there. The broker's share session holds only what may be read:
 * what may not, or not any more, is left out or forgotten there and comes back with its error in every answer. A session
 * belongs to the connection that began it. Records are masked, or refused, as those of Fetch.
 */
export const shareFetch = enforcement<ShareFetchRequest, ShareFetchResponse, Refused>(apis.ShareFetch, {
  min: 1,
  max: 2,
  request(request, _version, context) {
    const need = namesNeeded(
      request.topics.map(({ topicId }) => topicId),
      context,
    );
    if (need) return need;
    const session = sessionOf(request, true, context);
    if (typeof session === 'number') return { kind: 'reply', response: failure(session) };
    return request.shareSessionEpoch === finalEpoch
      ? acknowledgeLast(request, context)
      : fetchNext(request, session, context);
  },
  response(response, _version, refused, context) {
    const need = namesNeeded(
      response.responses.map(({ topicId }) => topicId),
      context,
    );
    if (need) return need;
    const entries: TopicEntry[] = [];
    let changed = refused.length > 0 || response.nodeEndpoints.length > 0;
    const responses = response.responses.map((topic) => {
      const next = judgeTopic(topic, context, entries);
      if (next !== topic) changed = true;
      return next;
    });
    if (entries.length > 0) {
      const bytes = entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
      context.events.push({ kind: 'fetch_done', topics: entries, bytes });
    }
    if (!changed) return { kind: 'forward' };
    const back = response.errorCode === 0 ? refused.map(putBack) : [];
    return {
      kind: 'send',
      response: {
        ...response,
        responses: [...responses, ...back],
        nodeEndpoints: response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster)),
      },
    };
  },
});

type Outcome = RequestOutcome<ShareFetchRequest, ShareFetchResponse, Refused>;

/** The last request of a session only acknowledges. */
function acknowledgeLast(request: ShareFetchRequest, context: FrameContext): Outcome {
  const refused: RefusedShareTopic[] = [];
  const topics = request.topics.filter((topic) => {
    const error = namedTopicError(topic.topicId, context);
    if (error !== 0) refused.push(refusedTopic(topic, error));
    return error === 0;
  });
  if (refused.length === 0) return { kind: 'forward', pending: refused };
  return { kind: 'send', request: { ...request, topics }, pending: refused };
}

function fetchNext(request: ShareFetchRequest, session: ShareSession, context: FrameContext): Outcome {
  const named = new Map(request.topics.map((topic) => [topic.topicId, topic]));
  if (named.size !== request.topics.length) {
    return { kind: 'close', code: 'BadFrame', why: 'a share fetch names a topic twice' };
  }
  for (const { topicId, partitions } of request.topics) {
    const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
    if (session.add(topicId, indexes)) continue;
    context.connection.shareSessions.end(request.groupId ?? '', request.memberId ?? '');
    return { kind: 'reply', response: failure(KafkaError.shareSessionLimitReached) };
  }
  for (const { topicId, partitions } of request.forgottenTopicsData) session.forget(topicId, partitions);
  const topics: ShareFetchRequestFetchTopic[] = [];
  const forgotten: ShareFetchRequestForgottenTopic[] = [...request.forgottenTopicsData];
  const refused: RefusedShareTopic[] = [];
  let changed = false;
  for (const topicId of new Set([...named.keys(), ...session.topicIds])) {
    const topic = named.get(topicId);
    const error = topic ? namedTopicError(topicId, context) : heldTopicError(topicId, context);
    const step = session.settle(topicId, error === 0);
    const held = session.partitions(topicId);
    if (error !== 0) {
      changed = true;
      refused.push(withHeld(topic ? refusedTopic(topic, error) : undefined, topicId, error, held));
      if (step === 'forget') forgotten.push({ topicId, partitions: held });
    } else if (step === 'add') {
      const all = withAll(topic ?? { topicId, partitions: [] }, held);
      if (all !== topic) changed = true;
      topics.push(all);
    } else if (topic) topics.push(topic);
  }
  if (!changed) return { kind: 'forward', pending: refused };
  return { kind: 'send', request: { ...request, topics, forgottenTopicsData: forgotten }, pending: refused };
}

function withHeld(
  asked: RefusedShareTopic | undefined,
  topicId: string,
  error: number,
  held: readonly number[],
): RefusedShareTopic {
  const acknowledged = asked?.acknowledged ?? new Set<number>();
  return { topicId, error, partitions: [...new Set([...held, ...acknowledged])], acknowledged };
}

/** The topic with every partition that the client's session holds: the broker's does not have them yet. */
function withAll(topic: ShareFetchRequestFetchTopic, held: readonly number[]): ShareFetchRequestFetchTopic {
  const there = new Set(topic.partitions.map(({ partitionIndex }) => partitionIndex));
  const missing = held.filter((partition) => !there.has(partition));
  if (missing.length === 0) return topic;
  const added = missing.map((partitionIndex) => ({ ...defaultShareFetchRequestFetchPartition, partitionIndex }));
  return { ...topic, partitions: [...topic.partitions, ...added] };
}

function judgeTopic(
  topic: ShareFetchResponseShareFetchableTopicResponse,
  context: FrameContext,
  entries: TopicEntry[],
): ShareFetchResponseShareFetchableTopicResponse {
  const name = context.topicNames.nameOf(topic.topicId);
  const decision = name === undefined ? undefined : context.decide('consume', 'topic', name, denied.topic);
  if (name === undefined || decision?.effect !== 'allow') {
    const error = name === undefined ? KafkaError.unknownTopicId : denied.topic;
    return { ...topic, partitions: topic.partitions.map((partition) => emptied(partition, error)) };
  }
  const masker = context.maskers(decision, 'consume');
  let changed = false;
  const partitions = topic.partitions.map((partition) => {
    const place = { topic: name, partition: partition.partitionIndex };
    const records = judgeRecords(partition.records, place, masker, context, entries);
    if (records === partition.records) return partition;
    changed = true;
    return records === undefined ? emptied(partition, denied.topic) : { ...partition, records };
  });
  return changed ? { ...topic, partitions } : topic;
}

/** What was acknowledged was acknowledged: only what would be read is taken out. */
function emptied(partition: ShareFetchResponsePartitionData, errorCode: number): ShareFetchResponsePartitionData {
  const { partitionIndex, acknowledgeErrorCode, acknowledgeErrorMessage } = partition;
  return {
    ...defaultShareFetchResponsePartitionData,
    partitionIndex,
    errorCode,
    acknowledgeErrorCode,
    acknowledgeErrorMessage,
  };
}

function putBack({
  topicId,
  error,
  partitions,
  acknowledged,
}: RefusedShareTopic): ShareFetchResponseShareFetchableTopicResponse {
  return {
    topicId,
    partitions: partitions.map((partitionIndex) => ({
      ...defaultShareFetchResponsePartitionData,
      partitionIndex,
      errorCode: error,
      acknowledgeErrorCode: acknowledged.has(partitionIndex) ? error : 0,
    })),
  };
}

function failure(errorCode: number): ShareFetchResponse {
  return { ...defaultShareFetchResponse, errorCode };
}
