import type { TopicEntry } from '../../../core/audit/event.ts';
import { KafkaError } from '../wire/error-codes.ts';
import {
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  type FetchResponse,
  type FetchResponseFetchableTopicResponse,
  type FetchResponsePartitionData,
} from '../wire/generated/fetch.ts';
import { summarizeBatches } from './batch-summary.ts';
import type { FrameContext } from './context.ts';
import { denied } from './errors.ts';
import { maskRecords } from './mask-records.ts';
import { noTopicId, type TopicRef } from './topic-ref.ts';

const noRecords = new Uint8Array();

/** A topic of a fetch, or of its session, that goes without records. */
export interface RefusedTopic extends TopicRef {
  readonly partitions: readonly number[];
  readonly error: number;
}

/**
 * One topic of the broker's answer under the access of now: refused, masked, or the same object when nothing was to be
 * done. What the client gets is told in `entries`.
 */
export function judgeAnswer(
  topic: FetchResponseFetchableTopicResponse,
  name: string | undefined,
  context: FrameContext,
  entries: TopicEntry[],
): FetchResponseFetchableTopicResponse {
  const decision = name === undefined ? undefined : context.decide('consume', 'topic', name, denied.topic);
  if (name === undefined || decision?.effect !== 'allow') {
    const error = name === undefined ? KafkaError.unknownTopicId : denied.topic;
    return { ...topic, partitions: topic.partitions.map((partition) => refusal(partition.partitionIndex, error)) };
  }
  const masker = context.maskers(decision, 'consume');
  let changed = false;
  const partitions = topic.partitions.map((partition) => {
    const masked = masker ? maskRecords(partition.records, masker, 'consume', context.unpack, context) : undefined;
    if (masked?.kind === 'unmaskable') {
      changed = true;
      context.events.push({
        kind: 'deny',
        operation: 'consume',
        resource: 'topic',
        name,
        code: 'Unmaskable',
        error: denied.topic,
      });
      return refusal(partition.partitionIndex, denied.topic);
    }
    const records = masked?.kind === 'masked' ? masked.records : partition.records;
    const summary = summarizeBatches(records);
    if (records !== null && records.length > 0) {
      entries.push({
        topic: name,
        partition: partition.partitionIndex,
        records: summary.records,
        bytes: records.length,
        ...(summary.firstOffset === undefined ? {} : { firstOffset: summary.firstOffset }),
        ...(summary.lastOffset === undefined ? {} : { lastOffset: summary.lastOffset }),
        ...(masked && masked.counts.length > 0 ? { masks: masked.counts } : {}),
      });
    }
    if (masked?.kind !== 'masked') return partition;
    changed = true;
    return { ...partition, records: masked.records };
  });
  return changed ? { ...topic, partitions } : topic;
}

/** Brokers repeat a partition's error in every answer, so what was refused here stands in each. */
export function withRefused(response: FetchResponse, refused: readonly RefusedTopic[], byId: boolean): FetchResponse {
  const back = refused.map(({ name, topicId, partitions, error }) => ({
    ...defaultFetchResponseFetchableTopicResponse,
    topic: byId ? '' : name,
    topicId: byId ? topicId : noTopicId,
    partitions: partitions.map((partition) => refusal(partition, error)),
  }));
  return { ...response, responses: [...response.responses, ...back] };
}

function refusal(partitionIndex: number, errorCode: number): FetchResponsePartitionData {
  return {
    ...defaultFetchResponsePartitionData,
    partitionIndex,
    errorCode,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    abortedTransactions: null,
    records: noRecords,
  };
}
