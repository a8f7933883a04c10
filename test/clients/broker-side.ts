/** The broker itself, past the gateway: what a test sets up there, and what it finds there. */
import type { Codec } from '../../core/bytes/compression.ts';
import { systemClock } from '../../core/clock/clock.ts';
import type { BrokerConnection } from '../../gateway/kafka/upstream/broker-connection.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultCreateTopicsRequest,
  defaultCreateTopicsRequestCreatableTopic,
} from '../../gateway/kafka/wire/generated/create-topics.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import {
  defaultOffsetCommitRequest,
  defaultOffsetCommitRequestOffsetCommitRequestPartition,
  defaultOffsetCommitRequestOffsetCommitRequestTopic,
} from '../../gateway/kafka/wire/generated/offset-commit.ts';
import { defaultOffsetFetchRequest } from '../../gateway/kafka/wire/generated/offset-fetch.ts';
import { defaultProduceRequest } from '../../gateway/kafka/wire/generated/produce.ts';
import { type RecordBatch, walkBatches } from '../../gateway/kafka/wire/record-batch.ts';
import { batchOf } from '../support/record-batches.ts';
import type { BrokerService } from './setup.ts';

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
const anyTopicId = 'AAAAAAAAAAAAAAAAAAAAAg';

export interface BrokerSide extends Disposable {
  /** Makes a topic of one partition, and waits until it takes records. */
  create(...topics: string[]): Promise<void>;
  delete(topic: string): Promise<void>;
  append(topic: string, values: readonly string[], codec?: Codec): Promise<void>;
  /** Every batch in a topic, by the number of its codec. */
  codecs(topic: string): Promise<readonly number[]>;
  /** The producer id of every batch in a topic. */
  producerIds(topic: string): Promise<readonly string[]>;
  /** Commits offset 0 of a topic for a group that has no members. */
  commit(group: string, topic: string): Promise<void>;
  /** The offset that a group has committed. */
  committed(group: string, topic: string): Promise<number>;
  /** Makes a share group begin with what is there already. */
  readFromTheStart(group: string): Promise<void>;
  /** Where a share group begins in a topic: -1 before it has read, its end when it was not told to begin at the start. */
  shareStart(group: string, topic: string): Promise<number>;
  /** All topics that there are. */
  topics(): Promise<readonly string[]>;
}

export async function brokerSide(broker: BrokerService): Promise<BrokerSide> {
  const connection: BrokerConnection & Disposable = await openConnection({
    clock: systemClock,
    address: broker,
    clientId: 'past-the-gateway',
    timeoutMs: 20_000,
    credential: { kind: 'scram', mechanism: 'SCRAM-SHA-512', user: broker.user, password: broker.password },
  });
  const append: BrokerSide['append'] = async (topic, values, codec = 'none') => {
    for (let tries = 0; ; tries++) {
      const { responses } = await connection.request(apis.Produce, 11, {
        ...defaultProduceRequest,
        acks: -1,
        timeoutMs: 5000,
        topicData: [
          { name: topic, topicId: zeroId, partitionData: [{ index: 0, records: batchOf(values, { codec }) }] },
        ],
      });
      const code = responses[0]!.partitionResponses[0]!.errorCode;
      if (code === 0) return;
      if (tries === 50) throw new RangeError(`the broker refuses records for ${topic}: ${code}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const batches = async (topic: string): Promise<RecordBatch[]> => {
    const partitions = [{ ...defaultFetchRequestFetchPartition, partitionMaxBytes: 1 << 24, fetchOffset: 0n }];
    const { responses } = await connection.request(apis.Fetch, 12, {
      ...defaultFetchRequest,
      sessionEpoch: -1,
      maxWaitMs: 10,
      maxBytes: 1 << 24,
      topics: [{ ...defaultFetchRequestFetchTopic, topic, partitions }],
    });
    const records = responses[0]?.partitions[0]?.records ?? new Uint8Array();
    return [...walkBatches(records)].filter((batch) => batch.kind === 'batch');
  };
  return {
    append,
    async create(...topics) {
      const { topics: made } = await connection.request(apis.CreateTopics, 7, {
        ...defaultCreateTopicsRequest,
        timeoutMs: 10_000,
        topics: topics.map((name) => ({
          ...defaultCreateTopicsRequestCreatableTopic,
          name,
          numPartitions: 1,
          replicationFactor: 1,
        })),
      });
      const wrong = made.filter(({ errorCode }) => errorCode !== 0);
      if (wrong.length > 0) throw new RangeError(`topics were not made: ${wrong.map(({ name }) => name).join(', ')}`);
    },
    async delete(topic) {
      await connection.request(apis.DeleteTopics, 5, { topics: [], topicNames: [topic], timeoutMs: 10_000 });
    },
    codecs: async (topic) => (await batches(topic)).map(({ attributes }) => attributes & 7),
    producerIds: async (topic) => (await batches(topic)).map(({ producerId }) => String(producerId)),
    async commit(groupId, topic) {
      for (let tries = 0; ; tries++) {
        // The coordinators of a new broker are made when one is looked for.
        await connection.request(apis.FindCoordinator, 3, { key: groupId, keyType: 0, coordinatorKeys: [] });
        const { topics } = await connection.request(apis.OffsetCommit, 8, {
          ...defaultOffsetCommitRequest,
          groupId,
          topics: [
            {
              ...defaultOffsetCommitRequestOffsetCommitRequestTopic,
              name: topic,
              partitions: [{ ...defaultOffsetCommitRequestOffsetCommitRequestPartition, committedOffset: 0n }],
            },
          ],
        });
        const code = topics[0]!.partitions[0]!.errorCode;
        if (code === 0) return;
        if (tries === 50) throw new RangeError(`the broker refuses the offset of ${groupId}: ${code}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async committed(groupId, topic) {
      const { topics } = await connection.request(apis.OffsetFetch, 7, {
        ...defaultOffsetFetchRequest,
        groupId,
        topics: [{ name: topic, partitionIndexes: [0] }],
      });
      return Number(topics[0]?.partitions[0]?.committedOffset ?? -1n);
    },
    async readFromTheStart(group) {
      const { responses } = await connection.request(apis.IncrementalAlterConfigs, 1, {
        validateOnly: false,
        resources: [
          {
            resourceType: 32,
            resourceName: group,
            configs: [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }],
          },
        ],
      });
      if (responses[0]?.errorCode !== 0) throw new RangeError(`${group}: ${responses[0]?.errorMessage}`);
      // The topic for the state of share groups is made when the first of them asks for it. A broker was seen to leave
      // that group without its state for good, with and without a gateway in between: so we ask first.
      for (let tries = 0; ; tries++) {
        const key = { key: '', keyType: 2, coordinatorKeys: [`${group}:${anyTopicId}:0`] };
        const { coordinators } = await connection.request(apis.FindCoordinator, 6, key);
        if (coordinators[0]?.errorCode === 0) break;
        if (tries === 100) throw new RangeError(`no coordinator of shares: ${coordinators[0]?.errorMessage}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      // The controller answers when it is written down; the broker acts by it when it has read that.
      for (let tries = 0; ; tries++) {
        const { results } = await connection.request(apis.DescribeConfigs, 4, {
          resources: [{ resourceType: 32, resourceName: group, configurationKeys: ['share.auto.offset.reset'] }],
          includeSynonyms: false,
          includeDocumentation: false,
        });
        if (results[0]?.configs[0]?.value === 'earliest') return;
        if (tries === 50) throw new RangeError(`${group} does not begin at the start: ${results[0]?.errorMessage}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async shareStart(groupId, topicName) {
      const { groups } = await connection.request(apis.DescribeShareGroupOffsets, 0, {
        groups: [{ groupId, topics: [{ topicName, partitions: [0] }] }],
      });
      return Number(groups[0]?.topics[0]?.partitions[0]?.startOffset ?? -1n);
    },
    async topics() {
      const { topics } = await connection.request(apis.Metadata, 12, { ...defaultMetadataRequest, topics: null });
      return topics.flatMap(({ name }) => name ?? []);
    },
    [Symbol.dispose]: () => connection.close(),
  };
}
