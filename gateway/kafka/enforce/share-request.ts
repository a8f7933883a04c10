import { KafkaError } from '../wire/error-codes.ts';
import type { FrameContext } from './context.ts';
import { denied } from './errors.ts';
import type { ShareSession } from './share-sessions.ts';
import { topicError } from './topic-ids.ts';

/** Epochs of a share session (KIP-932): the first request of one, and the last. */
export const firstEpoch = 0;
export const finalEpoch = -1;

/** A topic of a share request that its answer tells an error for. */
export interface RefusedShareTopic {
  readonly topicId: string;
  readonly error: number;
  readonly partitions: readonly number[];
  /** Those of them that records were acknowledged of. */
  readonly acknowledged: ReadonlySet<number>;
}

/** What ShareFetch and ShareAcknowledge have in common. */
export interface ShareRequest {
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly shareSessionEpoch: number;
  readonly topics: readonly RequestedTopic[];
}

interface RequestedTopic {
  readonly topicId: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly acknowledgementBatches: readonly unknown[];
  }[];
}

/** The session that a request is about, or the error that it gets. `began` when the request makes a new one. */
export function sessionOf(request: ShareRequest, mayBegin: boolean, context: FrameContext): ShareSession | number {
  const { groupId, memberId, shareSessionEpoch } = request;
  if (groupId === null || memberId === null) return KafkaError.invalidRequest;
  if (!context.allows('consume', 'group', groupId, denied.group)) return denied.group;
  const { shareSessions } = context.connection;
  if (shareSessionEpoch !== firstEpoch) {
    const known = shareSessions.get(groupId, memberId);
    if (shareSessionEpoch === finalEpoch) shareSessions.end(groupId, memberId);
    return known ?? KafkaError.shareSessionNotFound;
  }
  if (!mayBegin) return KafkaError.invalidShareSessionEpoch;
  return shareSessions.begin(groupId, memberId) ?? KafkaError.shareSessionLimitReached;
}

/** Read on a topic that a request names: 0, 29 or, for an id that no topic has, 100. */
export function namedTopicError(topicId: string, context: FrameContext): number {
  return topicError('consume', { name: '', topicId }, true, context);
}

/** The same for a topic that the session holds and the request does not name: what is hidden is no new attempt. */
export function heldTopicError(topicId: string, context: FrameContext): number {
  const name = context.topicNames.nameOf(topicId);
  if (name === undefined) return KafkaError.unknownTopicId;
  return context.sees('consume', 'topic', name) ? namedTopicError(topicId, context) : denied.topic;
}

/** A topic that is named in a request and may not be read. */
export function refusedTopic({ topicId, partitions }: RequestedTopic, error: number): RefusedShareTopic {
  const acknowledged = partitions.filter(({ acknowledgementBatches }) => acknowledgementBatches.length > 0);
  return {
    topicId,
    error,
    partitions: partitions.map(({ partitionIndex }) => partitionIndex),
    acknowledged: new Set(acknowledged.map(({ partitionIndex }) => partitionIndex)),
  };
}
