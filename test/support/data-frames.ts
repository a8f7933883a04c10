/** Fetches and produces, and their answers, as small as can be. */
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import {
  defaultProduceRequest,
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  defaultProduceResponseTopicProduceResponse,
} from '../../gateway/kafka/wire/generated/produce.ts';

/** A fetch without a session, one partition each by default. */
export const fetchOf = (topic: string, partitions = [0]) => ({
  ...defaultFetchRequest,
  maxWaitMs: 500,
  sessionEpoch: -1,
  topics: [
    {
      ...defaultFetchRequestFetchTopic,
      topic,
      partitions: partitions.map((partition) => ({ ...defaultFetchRequestFetchPartition, partition })),
    },
  ],
});

/** Its answer. */
export const fetched = (topic: string, records: Uint8Array | null) => ({
  ...defaultFetchResponse,
  responses: [
    {
      ...defaultFetchResponseFetchableTopicResponse,
      topic,
      partitions: [{ ...defaultFetchResponsePartitionData, partitionIndex: 0, highWatermark: 10n, records }],
    },
  ],
});

/** One batch for partition 0. */
export const produceOf = (topic: string, records: Uint8Array, acks = -1) => ({
  ...defaultProduceRequest,
  acks,
  timeoutMs: 1000,
  topicData: [{ name: topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [{ index: 0, records }] }],
});

/** Its answer: offset 7. */
export const produced = (topic: string) => ({
  ...defaultProduceResponse,
  responses: [
    {
      ...defaultProduceResponseTopicProduceResponse,
      name: topic,
      partitionResponses: [{ ...defaultProduceResponsePartitionProduceResponse, index: 0, baseOffset: 7n }],
    },
  ],
});
