import {
  defaultFetchRequestFetchPartition,
  type FetchRequestFetchPartition,
  type FetchRequestFetchTopic,
  type FetchRequestForgottenTopic,
} from '../wire/generated/fetch.ts';
import type { TopicRef } from './topic-ref.ts';

/** A client with more gets no session: it goes on with full requests. Some 3 MB. */
export const mostSessionPartitions = 10_000;

/** One topic of a session, with what the client last said of its partitions. */
export interface SessionTopic extends TopicRef {
  readonly partitions: Map<number, FetchRequestFetchPartition>;
  /** The broker's session has it; false while it is refused. */
  upstream: boolean;
}

/**
 * The gateway's mirror of a fetch session (KIP-227): all partitions that the client believes to be in it. The broker's
 * session holds those of them that may be read. Decisions are by topic, so a topic is in it whole or not at all.
 */
export class FetchSession {
  /** Topics go by id in it (from version 13 on), else by name; a session has one way for its whole life. */
  readonly byId: boolean;
  /** The broker's id for it; 0 until it has told. */
  id = 0;
  readonly topics = new Map<string, SessionTopic>();
  #partitions = 0;

  constructor(byId: boolean) {
    this.byId = byId;
  }

  get tooLarge(): boolean {
    return Math.max(this.#partitions, this.topics.size) > mostSessionPartitions; // a topic can come without partitions
  }

  /** Adds or changes partitions. `fresh` tells whether the topic was in it before. */
  put({ topic: name, topicId, partitions }: FetchRequestFetchTopic): { topic: SessionTopic; fresh: boolean } {
    const key = this.byId ? topicId : name;
    const known = this.topics.get(key);
    const topic = known ?? { name, topicId, partitions: new Map(), upstream: false };
    if (!known) this.topics.set(key, topic);
    this.#partitions -= topic.partitions.size;
    for (const partition of partitions) topic.partitions.set(partition.partition, ofConsumer(partition));
    this.#partitions += topic.partitions.size;
    return { topic, fresh: known === undefined };
  }

  find({ topic: name, topicId }: { readonly topic: string; readonly topicId: string }): SessionTopic | undefined {
    return this.topics.get(this.byId ? topicId : name);
  }

  /** Takes partitions out, and their topic with the last of them. */
  forget({ topic: name, topicId, partitions }: FetchRequestForgottenTopic): void {
    const key = this.byId ? topicId : name;
    const topic = this.topics.get(key);
    if (!topic) return;
    for (const partition of partitions) if (topic.partitions.delete(partition)) this.#partitions--;
    if (topic.partitions.size === 0) this.topics.delete(key);
  }
}

/** What consumers say of a partition: no field of replicas, and no unknown tags, which are views of the frame. */
function ofConsumer(said: FetchRequestFetchPartition): FetchRequestFetchPartition {
  const { partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, logStartOffset, partitionMaxBytes } = said;
  return {
    ...defaultFetchRequestFetchPartition,
    partition,
    currentLeaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    logStartOffset,
    partitionMaxBytes,
  };
}

/** What a fetch request means for the session of its connection, once the broker has answered. */
export interface SessionStep {
  /** The session that the request asked for. */
  readonly opens: FetchSession | undefined;
  /** The session that the request went on with. */
  readonly continues: FetchSession | undefined;
}

/**
 * Follows the broker's answer: it begins the session that was asked for, or ends the one that went on, with an error or
 * without its id. An ended session's id is nobody's here, so that the client is told to begin anew.
 */
export function settleSession(
  { opens, continues }: SessionStep,
  { errorCode, sessionId }: { readonly errorCode: number; readonly sessionId: number },
  connection: { fetchSession: FetchSession | undefined },
): void {
  if (opens && errorCode === 0 && sessionId !== 0) {
    opens.id = sessionId;
    connection.fetchSession = opens;
  }
  const over = errorCode !== 0 || sessionId !== continues?.id;
  if (continues && over && connection.fetchSession === continues) connection.fetchSession = undefined;
}
