import type { TopicEntry } from '../../../core/audit/event.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { MaskCount } from '../../../core/model/mask-count.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultProduceResponse,
  type ProduceRequest,
  type ProduceRequestTopicProduceData,
  type ProduceResponse,
  type ProduceResponsePartitionProduceResponse,
} from '../wire/generated/produce.ts';
import { rewriteEndpoint } from './addresses.ts';
import { type BatchCount, countBatches, type ProducerEpoch } from './batch-summary.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { maskRecords } from './mask-records.ts';
import { type ProducedTopic, produceByIdFrom, produceKey, putBack, refuseAll } from './produce-answer.ts';
import { namesNeeded, topicName } from './topic-ids.ts';

/** What a request sent, as it is recorded. */
interface Sent {
  readonly topics: readonly TopicEntry[];
  readonly bytes: number;
  readonly acks: number;
  readonly transactionalId?: string;
}

interface Pending {
  /** Recorded together with the answer; undefined where it was recorded before. */
  readonly sent: Sent | undefined;
  /** Topics in the order of the request, with the partitions that were answered here. */
  readonly topics: readonly ProducedTopic[];
  readonly complete: boolean;
}

/**
 * Write on every topic, and on the transactional id where one is named or a batch is transactional. Denied partitions
 * are taken out and put back into the answer with 29, those of an id that no topic has with 100, a whole request under
 * a denied transactional id, or with a transaction under none, gets 53, a batch that cannot be masked 87.
 */
export const produce = enforcement<ProduceRequest, ProduceResponse, Pending>(apis.Produce, {
  min: 3,
  max: 13,
  answered: (request) => request.acks !== 0,
  request(request, version, context) {
    const { transactionalId } = request;
    const byId = version >= produceByIdFrom;
    if (repeats(request, byId)) return { kind: 'close', code: 'BadFrame', why: 'a partition stands in it twice' };
    const need = byId ? idsNeeded(request, context) : undefined;
    if (need) return need;
    const counts: BatchCount[] = []; // of all partitions, in their order
    let transaction: ProducerEpoch | undefined;
    for (const { partitionData } of request.topicData) {
      for (const { records } of partitionData) {
        const count = countBatches(records);
        counts.push(count);
        transaction ??= count.transaction;
      }
    }
    const mayWrite =
      transactionalId === null
        ? transaction === undefined
        : context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId);
    if (!mayWrite) return { kind: 'reply', response: refuseAll(request, denied.transactionalId) };
    const topics: ProducedTopic[] = [];
    const forwarded: ProduceRequestTopicProduceData[] = [];
    const entries: TopicEntry[] = [];
    let changed = false;
    let bytes = 0;
    let at = 0; // the topic's first partition in counts
    for (const topic of request.topicData) {
      const { name, topicId, partitionData } = topic;
      const first = at;
      at += partitionData.length;
      const known = topicName(topic, byId, context);
      const decision = known === undefined ? undefined : context.decide('produce', 'topic', known, denied.topic);
      if (known === undefined || decision?.effect !== 'allow') {
        changed = true;
        const error = known === undefined ? KafkaError.unknownTopicId : denied.topic;
        topics.push({ name, topicId, known, refused: new Map(partitionData.map(({ index }) => [index, error])) });
        continue;
      }
      const masker = context.maskers(decision, 'produce');
      const masked = masker && maskTopic(topic, known, masker, context);
      const kept = masked ? masked.topic : topic;
      const refused = masked ? masked.refused : none;
      if (kept !== topic) changed = true;
      topics.push({ name, topicId, known, refused });
      if (kept.partitionData.length > 0) forwarded.push(kept);
      for (let i = 0; i < partitionData.length; i++) {
        const { index, records } = partitionData[i]!;
        if (refused.has(index)) continue;
        const entry = {
          topic: known,
          partition: index,
          records: counts[first + i]!.records,
          bytes: lengthOf(records),
        };
        const masks = masked?.counts.get(index);
        entries.push(masks ? { ...entry, masks } : entry);
        bytes += entry.bytes;
      }
    }
    if (forwarded.length === 0 && changed)
      return { kind: 'reply', response: putBack({ ...defaultProduceResponse, responses: [] }, topics, byId) };
    const sent: Sent =
      transactionalId === null
        ? { topics: entries, bytes, acks: request.acks }
        : { topics: entries, bytes, acks: request.acks, transactionalId };
    const told = context.strict || request.acks === 0;
    if (told) context.events.push({ kind: 'produce_intent', ...sent });
    const complete = !topics.some((topic) => topic.refused.size > 0);
    const pending: Pending = { topics, complete, sent: told ? undefined : sent };
    if (changed && request.acks === 0 && !pending.complete) {
      return {
        kind: 'close',
        code: 'DeniedWithoutReply',
        why: 'a partition of a produce request without acknowledgement was denied',
      };
    }
    if (transactionalId !== null && transaction && version >= addsPartitionsFrom)
      context.connection.transactions.begun(transactionalId, transaction);
    if (!changed) return { kind: 'forward', pending };
    return { kind: 'send', request: { ...request, topicData: forwarded }, pending };
  },
  response(response, version, pending, context) {
    const byId = version >= produceByIdFrom;
    context.events.push({ ...pending.sent, kind: 'produce_done', topics: outcomes(response, pending, byId) });
    if (pending.complete && response.nodeEndpoints.length === 0) return { kind: 'forward' };
    const nodeEndpoints = response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster));
    return { kind: 'send', response: putBack({ ...response, nodeEndpoints }, pending.topics, byId) };
  },
  lost({ sent }, context) {
    if (sent) context.events.push({ kind: 'produce_intent', ...sent });
  },
});

/**
 * From this version on a request may put partitions into its transaction (KIP-890). Before, the client has put them there
 * at the coordinator, where it also ends it: here its end would not be seen, and ending it once more would end the next.
 */
const addsPartitionsFrom = 12;

const none: ReadonlyMap<number, number> = new Map();

function lengthOf(records: Uint8Array | null): number {
  return records === null ? 0 : records.length;
}

/** What became of every partition that the broker answered. Answers come in the order of the request, as a rule. */
function outcomes(response: ProduceResponse, { sent, topics }: Pending, byId: boolean): TopicEntry[] {
  const found: TopicEntry[] = [];
  const entries = sent?.topics ?? [];
  let byPlace: ReadonlyMap<string, TopicEntry> | undefined;
  for (const topic of response.responses) {
    const key = produceKey(topic, byId);
    const name = topics.find((one) => produceKey(one, byId) === key)?.known ?? topic.name;
    for (const answer of topic.partitionResponses) {
      let entry = entries[found.length];
      if (entry && (entry.partition !== answer.index || entry.topic !== name)) {
        byPlace ??= new Map(entries.map((one) => [place(one.topic, one.partition), one]));
        entry = byPlace.get(place(name, answer.index));
      }
      found.push(outcomeOf(name, answer, entry));
    }
  }
  return found;
}

function place(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}

/** What became of one partition, with what was sent to it where that was not recorded before. */
function outcomeOf(
  topic: string,
  { index: partition, errorCode, baseOffset }: ProduceResponsePartitionProduceResponse,
  sent: TopicEntry | undefined,
): TopicEntry {
  if (errorCode !== 0) return { ...sent, topic, partition, error: errorCode };
  const records = sent?.records ?? 0;
  if (records <= 0) return { ...sent, topic, partition, firstOffset: baseOffset };
  return { ...sent, topic, partition, firstOffset: baseOffset, lastOffset: baseOffset + BigInt(records - 1) };
}

function idsNeeded({ topicData }: ProduceRequest, context: FrameContext) {
  return namesNeeded(
    topicData.map(({ topicId }) => topicId),
    context,
  );
}

/** No client does it, and a broker writes only one of the two: the record of what was written would not be true. */
function repeats({ topicData }: ProduceRequest, byId: boolean): boolean {
  if (topicData.length === 1 && topicData[0]!.partitionData.length === 1) return false;
  const seen = new Set<string>();
  let partitions = 0;
  for (const topic of topicData) {
    partitions += topic.partitionData.length;
    for (const { index } of topic.partitionData) seen.add(`${index} ${produceKey(topic, byId)}`);
  }
  return seen.size < partitions;
}

interface MaskedTopic {
  /** With its maskable batches masked and the others taken out; the same object when nothing was to be done. */
  readonly topic: ProduceRequestTopicProduceData;
  readonly refused: ReadonlyMap<number, number>;
  /** By partition. */
  readonly counts: ReadonlyMap<number, readonly MaskCount[]>;
}

function maskTopic(
  topic: ProduceRequestTopicProduceData,
  name: string,
  masker: Masker,
  context: FrameContext,
): MaskedTopic {
  let changed = false;
  const kept = [];
  const refused = new Map<number, number>();
  const counts = new Map<number, readonly MaskCount[]>();
  for (const partition of topic.partitionData) {
    const masked = maskRecords(partition.records, masker, 'produce', context.unpack);
    if (masked.kind === 'unmaskable') {
      const error = KafkaError.invalidRecord;
      refused.set(partition.index, error);
      const what = { operation: 'produce', resource: 'topic', name } as const;
      context.events.push({ kind: 'deny', ...what, code: 'Unmaskable', error });
      changed = true;
      continue;
    }
    if (masked.counts.length > 0) counts.set(partition.index, masked.counts);
    if (masked.kind === 'masked') changed = true;
    kept.push(masked.kind === 'masked' ? { ...partition, records: masked.records } : partition);
  }
  return { topic: changed ? { ...topic, partitionData: kept } : topic, refused, counts };
}
