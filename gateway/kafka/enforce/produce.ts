import type { TopicEntry } from '../../../core/audit/event.ts';
import type { Allow } from '../../../core/model/decision.ts';
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
import { type BatchSummary, summarizeBatches } from './batch-summary.ts';
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
    const summaries = request.topicData.map((topic) => topic.partitionData.map((one) => summarizeBatches(one.records)));
    const transaction = summaries.flat().find((summary) => summary.transaction)?.transaction;
    const mayWrite =
      transactionalId === null
        ? transaction === undefined
        : context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId);
    if (!mayWrite) return { kind: 'reply', response: refuseAll(request, denied.transactionalId) };
    const topics: ProducedTopic[] = [];
    const forwarded: ProduceRequestTopicProduceData[] = [];
    const entries: TopicEntry[] = [];
    let changed = false;
    for (const [at, topic] of request.topicData.entries()) {
      const { name, topicId } = topic;
      const known = topicName(topic, byId, context);
      const decision = known === undefined ? undefined : context.decide('produce', 'topic', known, denied.topic);
      if (known === undefined || decision?.effect !== 'allow') {
        changed = true;
        const error = known === undefined ? KafkaError.unknownTopicId : denied.topic;
        topics.push({ name, topicId, known, refused: new Map(topic.partitionData.map((p) => [p.index, error])) });
        continue;
      }
      const refused = new Map<number, number>();
      const kept = maskTopic(topic, known, summaries[at] ?? [], decision, context, refused, entries);
      if (kept !== topic) changed = true;
      topics.push({ name, topicId, known, refused });
      if (kept.partitionData.length > 0) forwarded.push(kept);
    }
    if (forwarded.length === 0 && changed)
      return { kind: 'reply', response: putBack({ ...defaultProduceResponse, responses: [] }, topics, byId) };
    const sent: Sent = {
      topics: entries,
      bytes: entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
      acks: request.acks,
      ...(transactionalId === null ? {} : { transactionalId }),
    };
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
    if (transactionalId !== null && transaction) context.connection.transactions.begun(transactionalId, transaction);
    if (!changed) return { kind: 'forward', pending };
    return { kind: 'send', request: { ...request, topicData: forwarded }, pending };
  },
  response(response, version, pending, context) {
    const byId = version >= produceByIdFrom;
    const answers = response.responses.flatMap((topic) => {
      const key = produceKey(topic, byId);
      const name = pending.topics.find((one) => produceKey(one, byId) === key)?.known ?? topic.name;
      return topic.partitionResponses.map((partition) => outcomeOf(name, partition, pending.sent));
    });
    context.events.push({ kind: 'produce_done', ...pending.sent, topics: answers });
    const endpoints = response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster));
    if (pending.complete && response.nodeEndpoints.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: putBack({ ...response, nodeEndpoints: endpoints }, pending.topics, byId) };
  },
  lost({ sent }, context) {
    if (sent) context.events.push({ kind: 'produce_intent', ...sent });
  },
});

/** What became of one partition, with what was sent to it where that was not recorded before. */
function outcomeOf(topic: string, answer: ProduceResponsePartitionProduceResponse, sent: Sent | undefined): TopicEntry {
  const { index: partition, errorCode, baseOffset } = answer;
  const entry = sent?.topics.find((one) => one.partition === partition && one.topic === topic);
  if (errorCode !== 0) return { ...entry, topic, partition, error: errorCode };
  if (!entry?.records) return { ...entry, topic, partition, firstOffset: baseOffset };
  return { ...entry, firstOffset: baseOffset, lastOffset: baseOffset + BigInt(entry.records - 1) };
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

/** The topic with its maskable batches masked and the others taken out; the same object when nothing was to be done. */
function maskTopic(
  topic: ProduceRequestTopicProduceData,
  name: string,
  summaries: readonly BatchSummary[],
  allow: Allow,
  context: FrameContext,
  refused: Map<number, number>,
  entries: TopicEntry[],
): ProduceRequestTopicProduceData {
  const masker = context.maskers(allow, 'produce');
  let changed = false;
  const kept = [];
  for (const [at, partition] of topic.partitionData.entries()) {
    const masked = masker ? maskRecords(partition.records, masker, 'produce') : undefined;
    if (masked?.kind === 'unmaskable') {
      refused.set(partition.index, KafkaError.invalidRecord);
      context.events.push({
        kind: 'deny',
        operation: 'produce',
        resource: 'topic',
        name,
        code: 'Unmaskable',
        error: KafkaError.invalidRecord,
      });
      changed = true;
      continue;
    }
    entries.push({
      topic: name,
      partition: partition.index,
      records: summaries[at]?.records ?? 0,
      bytes: partition.records?.length ?? 0,
      ...(masked && masked.counts.length > 0 ? { masks: masked.counts } : {}),
    });
    if (masked?.kind === 'masked') {
      changed = true;
      kept.push({ ...partition, records: masked.records });
    } else {
      kept.push(partition);
    }
  }
  return changed ? { ...topic, partitionData: kept } : topic;
}
