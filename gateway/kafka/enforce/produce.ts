import type { TopicEntry } from '../../../core/audit/event.ts';
import type { Allow } from '../../../core/model/decision.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  defaultProduceResponseTopicProduceResponse,
  type ProduceRequest,
  type ProduceRequestTopicProduceData,
  type ProduceResponse,
  type ProduceResponseTopicProduceResponse,
} from '../wire/generated/produce.ts';
import { rewriteEndpoint } from './addresses.ts';
import { summarizeBatches } from './batch-summary.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { maskRecords } from './mask-records.ts';

interface Pending {
  /** Topics in the order of the request, with the partitions that were answered here. */
  readonly topics: readonly {
    readonly name: string;
    readonly refused: ReadonlyMap<number, number>;
    readonly sent: number;
  }[];
  readonly complete: boolean;
}

/**
 * Write on every topic; a transactional id besides where one is named. Denied partitions are taken out and put back
 * into the answer with 29, a whole request under a denied transactional id gets 53, a batch that cannot be masked 87.
 */
export const produce = enforcement<ProduceRequest, ProduceResponse, Pending>(apis.Produce, {
  min: 3,
  max: 12,
  answered: (request) => request.acks !== 0,
  request(request, _version, context) {
    const { transactionalId } = request;
    if (repeats(request)) return { kind: 'close', code: 'BadFrame', why: 'a partition stands in it twice' };
    if (
      transactionalId !== null &&
      !context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)
    ) {
      return { kind: 'reply', response: refuseAll(request, denied.transactionalId) };
    }
    const topics: { name: string; refused: Map<number, number>; sent: number }[] = [];
    const forwarded: ProduceRequestTopicProduceData[] = [];
    const entries: TopicEntry[] = [];
    let changed = false;
    for (const topic of request.topicData) {
      const decision = context.decide('produce', 'topic', topic.name, denied.topic);
      if (decision.effect === 'deny') {
        changed = true;
        topics.push({
          name: topic.name,
          refused: new Map(topic.partitionData.map((p) => [p.index, denied.topic])),
          sent: 0,
        });
        continue;
      }
      const refused = new Map<number, number>();
      const kept = maskTopic(topic, decision, context, refused, entries);
      if (kept !== topic) changed = true;
      topics.push({ name: topic.name, refused, sent: kept.partitionData.length });
      if (kept.partitionData.length > 0) forwarded.push(kept);
    }
    if (forwarded.length === 0 && changed)
      return { kind: 'reply', response: putBack({ ...defaultProduceResponse, responses: [] }, topics) };
    context.events.push({
      kind: 'produce_intent',
      topics: entries,
      bytes: entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
      acks: request.acks,
      ...(transactionalId === null ? {} : { transactionalId }),
    });
    const pending: Pending = { topics, complete: !topics.some((topic) => topic.refused.size > 0) };
    if (!changed) return { kind: 'forward', pending };
    if (request.acks === 0 && !pending.complete) {
      return {
        kind: 'close',
        code: 'DeniedWithoutReply',
        why: 'a partition of a produce request without acknowledgement was denied',
      };
    }
    return { kind: 'send', request: { ...request, topicData: forwarded }, pending };
  },
  response(response, _version, pending, context) {
    context.events.push({
      kind: 'produce_done',
      topics: response.responses.flatMap((topic) =>
        topic.partitionResponses.map((partition) => ({
          topic: topic.name,
          partition: partition.index,
          ...(partition.errorCode === 0
            ? { firstOffset: String(partition.baseOffset) }
            : { error: partition.errorCode }),
        })),
      ),
    });
    const endpoints = response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster));
    if (pending.complete && response.nodeEndpoints.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: putBack({ ...response, nodeEndpoints: endpoints }, pending.topics) };
  },
});

/** No client does it, and a broker writes only one of the two: the record of what was written would not be true. */
function repeats({ topicData }: ProduceRequest): boolean {
  if (topicData.length === 1 && topicData[0]!.partitionData.length === 1) return false;
  const seen = new Set<string>();
  let partitions = 0;
  for (const { name, partitionData } of topicData) {
    partitions += partitionData.length;
    for (const { index } of partitionData) seen.add(`${index} ${name}`);
  }
  return seen.size < partitions;
}

/** The topic with its maskable batches masked and the others taken out; the same object when nothing was to be done. */
function maskTopic(
  topic: ProduceRequestTopicProduceData,
  allow: Allow,
  context: FrameContext,
  refused: Map<number, number>,
  entries: TopicEntry[],
): ProduceRequestTopicProduceData {
  const masker = context.maskers(allow, 'produce');
  let changed = false;
  const kept = [];
  for (const partition of topic.partitionData) {
    const masked = masker ? maskRecords(partition.records, masker, 'produce') : undefined;
    if (masked?.kind === 'unmaskable') {
      refused.set(partition.index, KafkaError.invalidRecord);
      context.events.push({
        kind: 'deny',
        operation: 'produce',
        resource: 'topic',
        name: topic.name,
        code: 'Unmaskable',
        error: KafkaError.invalidRecord,
      });
      changed = true;
      continue;
    }
    const { records } = summarizeBatches(partition.records);
    entries.push({
      topic: topic.name,
      partition: partition.index,
      records,
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

function refuseAll(request: ProduceRequest, error: number): ProduceResponse {
  return {
    ...defaultProduceResponse,
    responses: request.topicData.map((topic) => ({
      ...defaultProduceResponseTopicProduceResponse,
      name: topic.name,
      partitionResponses: topic.partitionData.map((partition) => refusal(partition.index, error)),
    })),
  };
}

function refusal(
  index: number,
  errorCode: number,
): (typeof defaultProduceResponseTopicProduceResponse)['partitionResponses'][number] {
  return {
    ...defaultProduceResponsePartitionProduceResponse,
    index,
    errorCode,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
  };
}

/** The broker's answer with what was refused here put back, in the order of the request. */
function putBack(response: ProduceResponse, topics: Pending['topics']): ProduceResponse {
  const answered = new Map(response.responses.map((topic) => [topic.name, topic]));
  const responses: ProduceResponseTopicProduceResponse[] = topics.map(({ name, refused }) => ({
    ...(answered.get(name) ?? { ...defaultProduceResponseTopicProduceResponse, name }),
    partitionResponses: [
      ...(answered.get(name)?.partitionResponses ?? []),
      ...[...refused].map(([index, error]) => refusal(index, error)),
    ],
  }));
  return { ...response, responses };
}
