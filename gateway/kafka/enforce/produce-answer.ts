import {
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  defaultProduceResponseTopicProduceResponse,
  type ProduceRequest,
  type ProduceResponse,
  type ProduceResponsePartitionProduceResponse,
} from '../wire/generated/produce.ts';
import { noTopicId, type TopicRef } from './topic-ref.ts';

/** First version whose topics go by id. */
export const produceByIdFrom = 13;

/** A topic of a produce request, and what of it was answered here. */
export interface ProducedTopic extends TopicRef {
  /** Its name, also where it goes by id; undefined for an unknown id. */
  readonly known: string | undefined;
  /** Error by partition. */
  readonly refused: ReadonlyMap<number, number>;
}

/** What stands for a topic in this version: its name, or its id. */
export function produceKey({ name, topicId }: TopicRef, byId: boolean): string {
  return byId ? topicId : name;
}

/** The answer to a request of which nothing may go on. */
export function refuseAll(request: ProduceRequest, error: number): ProduceResponse {
  return {
    ...defaultProduceResponse,
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      ...defaultProduceResponseTopicProduceResponse,
      name,
      topicId,
      partitionResponses: partitionData.map((partition) => refusal(partition.index, error)),
    })),
  };
}

/** The broker's answer with what was refused here put back, in the order of the request. */
export function putBack(response: ProduceResponse, topics: readonly ProducedTopic[], byId: boolean): ProduceResponse {
  const answered = new Map(response.responses.map((topic) => [produceKey(topic, byId), topic]));
  const responses = topics.map((topic) => {
    const { name } = topic;
    const found = answered.get(produceKey(topic, byId));
    const topicId = byId ? topic.topicId : noTopicId;
    return {
      ...(found ?? { ...defaultProduceResponseTopicProduceResponse, name, topicId }),
      partitionResponses: [
        ...(found?.partitionResponses ?? []),
        ...[...topic.refused].map(([index, error]) => refusal(index, error)),
      ],
    };
  });
  return { ...response, responses };
}

function refusal(index: number, errorCode: number): ProduceResponsePartitionProduceResponse {
  return {
    ...defaultProduceResponsePartitionProduceResponse,
    index,
    errorCode,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
  };
}
