import type { TopicEntry } from '../../../core/audit/event.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  type FetchRequest,
  type FetchResponse,
  type FetchResponseFetchableTopicResponse,
  type FetchResponsePartitionData,
} from '../wire/generated/fetch.ts';
import { summarizeBatches } from './batch-summary.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { maskRecords } from './mask-records.ts';

const sessionless = { sessionId: 0, sessionEpoch: -1 } as const;
const noRecords = new Uint8Array();

interface Pending {
  /** Denied topics of the request with their partitions. */
  readonly refused: ReadonlyMap<string, readonly number[]>;
}

/**
 * Read on every topic. Fetches are made sessionless (KIP-227: session id 0, epoch -1), so that every request names all
 * it wants and is judged whole; a client that asks for a session gets id 0 and keeps sending full requests. Denied
 * partitions come back with 29, high watermark -1 and no records, in every answer, as brokers do. Access is looked up
 * again when the answer arrives.
 */
export const fetch = enforcement<FetchRequest, FetchResponse, Pending>(apis.Fetch, {
  min: 4,
  max: 12,
  request(request, version, context) {
    if (request.sessionId !== 0) {
      return { kind: 'reply', response: { ...defaultFetchResponse, errorCode: KafkaError.fetchSessionIdNotFound } };
    }
    const refused = new Map<string, number[]>();
    const topics = request.topics.filter((topic) => {
      if (context.allows('consume', 'topic', topic.topic, denied.topic)) return true;
      const partitions = topic.partitions.map((partition) => partition.partition);
      refused.set(topic.topic, [...new Set([...(refused.get(topic.topic) ?? []), ...partitions])]);
      return false;
    });
    const pending: Pending = { refused };
    if (topics.length === 0) return { kind: 'reply', response: putBack(defaultFetchResponse, refused) };
    const plain = refused.size === 0 && request.replicaId === -1 && request.forgottenTopicsData.length === 0;
    if (plain && (version < 7 || request.sessionEpoch === -1)) return { kind: 'forward', pending };
    const session = version < 7 ? {} : sessionless;
    return {
      kind: 'send',
      request: { ...request, ...session, replicaId: -1, forgottenTopicsData: [], topics },
      pending,
    };
  },
  response(response, _version, pending, context) {
    const entries: TopicEntry[] = [];
    let changed = pending.refused.size > 0 || response.sessionId !== 0;
    const responses = response.responses.map((topic) => {
      const next = judgeTopic(topic, context, entries);
      if (next !== topic) changed = true;
      return next;
    });
    if (entries.length > 0) {
      context.events.push({
        kind: 'fetch_done',
        topics: entries,
        bytes: entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
      });
    }
    if (!changed) return { kind: 'forward' };
    return { kind: 'send', response: putBack({ ...response, sessionId: 0, responses }, pending.refused) };
  },
});

function judgeTopic(
  topic: FetchResponseFetchableTopicResponse,
  context: FrameContext,
  entries: TopicEntry[],
): FetchResponseFetchableTopicResponse {
  const decision = context.decide('consume', 'topic', topic.topic, denied.topic);
  if (decision.effect === 'deny') {
    return { ...topic, partitions: topic.partitions.map((partition) => refusal(partition.partitionIndex)) };
  }
  const masker = context.maskers(decision, 'consume');
  let changed = false;
  const partitions = topic.partitions.map((partition) => {
    const masked = masker ? maskRecords(partition.records, masker, 'consume') : undefined;
    if (masked?.kind === 'unmaskable') {
      changed = true;
      context.events.push({
        kind: 'deny',
        operation: 'consume',
        resource: 'topic',
        name: topic.topic,
        code: 'Unmaskable',
        error: denied.topic,
      });
      return refusal(partition.partitionIndex);
    }
    const records = masked?.kind === 'masked' ? masked.records : partition.records;
    const summary = summarizeBatches(records);
    if (records !== null && records.length > 0) {
      entries.push({
        topic: topic.topic,
        partition: partition.partitionIndex,
        records: summary.records,
        bytes: records.length,
        ...(summary.firstOffset === undefined ? {} : { firstOffset: String(summary.firstOffset) }),
        ...(summary.lastOffset === undefined ? {} : { lastOffset: String(summary.lastOffset) }),
        ...(masked && masked.counts.length > 0 ? { masks: masked.counts } : {}),
      });
    }
    if (masked?.kind !== 'masked') return partition;
    changed = true;
    return { ...partition, records: masked.records };
  });
  return changed ? { ...topic, partitions } : topic;
}

function refusal(partitionIndex: number): FetchResponsePartitionData {
  return {
    ...defaultFetchResponsePartitionData,
    partitionIndex,
    errorCode: denied.topic,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    abortedTransactions: null,
    records: noRecords,
  };
}

function putBack(response: FetchResponse, refused: Pending['refused']): FetchResponse {
  const back = [...refused].map(([topic, partitions]) => ({
    ...defaultFetchResponseFetchableTopicResponse,
    topic,
    partitions: partitions.map(refusal),
  }));
  return { ...response, responses: [...response.responses, ...back] };
}
