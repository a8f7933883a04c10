import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Admin, type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import { expect, test } from 'vitest';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { defaultProduceRequest } from '../../gateway/kafka/wire/generated/produce.ts';
import { runKafkaTool, scramProperties } from '../support/kafka-broker.ts';
import { type KafkaCluster, startKafkaCluster } from '../support/kafka-cluster.ts';
import { RawClient } from '../support/raw-client.ts';
import { batchOf } from '../support/record-batches.ts';
import { gatewayWorld } from './gateway-world.ts';

const topic = 'moves.catalog.orders';
const perfRecords = 6000;

/** Sends one record after the other, round the partitions, and remembers which were acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly lastOf = new Map<number, number>();
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(producer: Producer) {
    this.#running = this.#run(producer);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(producer: Producer): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const partition = n % 3;
      const value = `value ${n}`;
      try {
        await producer.send({ topic, acks: -1, messages: [{ partition, value }] });
        this.acknowledged.push(value);
        this.lastOf.set(partition, n);
      } catch {
        // not acknowledged: it may be there or not
      }
      await pause(10);
    }
  }
}

async function pause(ms: number): Promise<void> {
  const alive = setInterval(() => undefined, 1000);
  await sleep(systemClock, ms);
  clearInterval(alive);
}

async function leaders(admin: Admin): Promise<number[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]!.partitions.toSorted((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
}

/** Puts replicas somewhere, and makes the first of each the leader. */
async function lead(cluster: KafkaCluster, admin: Admin, replicas: number[][]): Promise<void> {
  const partitionAssignment = replicas.map((nodes, partition) => ({ partition, replicas: nodes }));
  await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
  const config = join(cluster.folder, 'admin.properties');
  writeFileSync(config, scramProperties(cluster.adminUser, cluster.adminPassword));
  await expect
    .poll(
      async () => {
        const which = ['--election-type', 'preferred', '--all-topic-partitions'];
        await runKafkaTool(cluster.libs, 'kafka-leader-election', [
          ...['--bootstrap-server', `127.0.0.1:${cluster.portOf(1)}`, '--admin.config', config],
          ...which,
        ]);
        return leaders(admin);
      },
      { timeout: 30_000, interval: 500 },
    )
    .toEqual(replicas.map(([first]) => first));
}

/** Every partition takes writes, and gives them to the reader, after this moment. */
async function flows(writer: Writer, read: ReadonlySet<string>): Promise<void> {
  const from = new Map(writer.lastOf);
  const moved = (): boolean =>
    [0, 1, 2].every((partition) => {
      const last = writer.lastOf.get(partition) ?? -1;
      return last > (from.get(partition) ?? -1) && read.has(`value ${last}`);
    });
  await expect.poll(moved, { timeout: 30_000, interval: 20 }).toBe(true);
}

test('clients follow when leaders move, brokers die and come back elsewhere, and one is added', {
  timeout: 280_000,
}, async () => {
  await using cluster = await startKafkaCluster(3);
  await using world = await gatewayWorld({ prefix: 'moves.', kafka: cluster });
  const admin = world.admin.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      {
        topic,
        replicaAssignment: [
          { partition: 0, replicas: [1, 2, 3] },
          { partition: 1, replicas: [2, 3, 1] },
          { partition: 2, replicas: [3, 1, 2] },
        ],
        configEntries: [{ name: 'min.insync.replicas', value: '2' }],
      },
    ],
  });
  const gateway = await world.start();
  const address = gateway.addresses.clusters['main']!;
  const clientOf = async (name: string): Promise<Kafka> =>
    new Kafka({
      clientId: name,
      brokers: [address],
      sasl: { mechanism: 'plain', username: name, password: await world.issuer.token(name) },
      logLevel: logLevel.NOTHING,
    });
  const producer = (await clientOf('shop-service')).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const read = new Set<string>();
  const consumer: Consumer = (await clientOf('alice')).consumer({ groupId: 'alice.moves', sessionTimeout: 10_000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void read.add(String(message.value)) });
  const writer = new Writer(producer);
  await flows(writer, read);

  // Kafka's own clients, started now and never again.
  const java = async (name: string): Promise<string> => {
    const file = join(world.dir, `${name}.properties`);
    const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
    writeFileSync(
      file,
      [
        'security.protocol=SASL_PLAINTEXT',
        'sasl.mechanism=PLAIN',
        `sasl.jaas.config=${login} username="${name}" password="${await world.issuer.token(name)}";`,
        'enable.idempotence=false',
        'acks=all',
        'auto.offset.reset=earliest',
      ].join('\n'),
    );
    return file;
  };
  const javaWriter = runKafkaTool(
    cluster.libs,
    'kafka-producer-perf-test',
    [
      ...['--topic', topic, '--num-records', String(perfRecords), '--record-size', '40', '--throughput', '150'],
      ...['--bootstrap-server', address, '--command-config', await java('shop-service')],
    ],
    { timeoutMs: 200_000 },
  );
  const javaReader = runKafkaTool(
    cluster.libs,
    'kafka-console-consumer',
    [
      ...['--bootstrap-server', address, '--topic', topic, '--from-beginning', '--timeout-ms', '15000'],
      ...['--command-config', await java('alice')],
    ],
    { timeoutMs: 240_000 },
  );
  await pause(3000);

  // A leader moves: the old one says where to, with the gateway's addresses.
  const portsOf = async (): Promise<Map<number, number>> => {
    using client = await RawClient.open(Number(address.split(':')[1]));
    await client.login(await world.issuer.token('shop-service'), 'shop-service');
    const { brokers } = await client.ask(apis.Metadata, 12, { ...defaultMetadataRequest, topics: null });
    return new Map(brokers.map(({ nodeId, port }) => [nodeId, port]));
  };
  const ports = await portsOf();
  expect([...ports.keys()].sort()).toEqual([1, 2, 3]);
  await lead(cluster, admin, [
    [2, 1, 3],
    [2, 3, 1],
    [3, 1, 2],
  ]);
  await flows(writer, read);
  const hint = { leader: 2, endpoints: [{ nodeId: 2, host: '127.0.0.1', port: ports.get(2) }] };
  {
    using old = await RawClient.open(ports.get(1)!);
    await old.login(await world.issuer.token('shop-service'), 'shop-service');
    const { responses, nodeEndpoints } = await old.ask(apis.Produce, 12, {
      ...defaultProduceRequest,
      acks: -1,
      timeoutMs: 5000,
      topicData: [
        {
          name: topic,
          topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
          partitionData: [{ index: 0, records: batchOf(['to the old leader']) }],
        },
      ],
    });
    const [partition] = responses[0]!.partitionResponses;
    expect(partition!.errorCode).toBe(6);
    expect({ leader: partition!.currentLeader.leaderId, endpoints: nodeEndpoints }).toMatchObject(hint);
  }
  {
    using old = await RawClient.open(ports.get(1)!);
    await old.login(await world.issuer.token('alice'), 'alice');
    const { topics } = await old.ask(apis.Metadata, 12, {
      ...defaultMetadataRequest,
      topics: [{ name: topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    });
    const { topicId } = topics[0]!;
    const { responses, nodeEndpoints } = await old.ask(apis.Fetch, 16, {
      ...defaultFetchRequest,
      sessionEpoch: -1,
      topics: [
        {
          ...defaultFetchRequestFetchTopic,
          topicId,
          partitions: [{ ...defaultFetchRequestFetchPartition, currentLeaderEpoch: 0 }],
        },
      ],
    });
    const [partition] = responses[0]!.partitions;
    expect([6, 74]).toContain(partition!.errorCode);
    expect({ leader: partition!.currentLeader.leaderId, endpoints: nodeEndpoints }).toMatchObject(hint);
  }

  // A broker dies in the middle of it, and comes back on another port.
  await cluster.kill(3);
  await expect.poll(() => leaders(admin), { timeout: 20_000 }).not.toContain(3);
  await flows(writer, read);
  await cluster.start(3, { moved: true });
  await lead(cluster, admin, [
    [2, 1, 3],
    [2, 3, 1],
    [3, 1, 2],
  ]);
  await flows(writer, read);
  expect((await portsOf()).get(3)).toBe(ports.get(3));

  // A broker is added and takes over a partition; the one that led it before dies.
  await cluster.start(4);
  await lead(cluster, admin, [
    [2, 1, 3],
    [4, 1, 3],
    [3, 1, 2],
  ]);
  await flows(writer, read);
  await cluster.kill(2);
  await expect.poll(() => leaders(admin), { timeout: 20_000 }).not.toContain(2);
  await flows(writer, read);
  const now = await portsOf();
  expect([...now.keys()].sort()).toEqual([1, 3, 4]);
  expect([now.get(1), now.get(3)]).toEqual([ports.get(1), ports.get(3)]);
  expect([1, 2, 3, 4].map((nodeId) => cluster.portOf(nodeId))).not.toContain(now.get(4));

  // Nothing that was acknowledged is lost, on either way.
  const wrote = await javaWriter;
  await writer.stop();
  await producer.disconnect();
  expect(wrote, wrote.stderr).toMatchObject({ exitCode: 0 });
  expect(wrote.stdout.trim().split('\n').at(-1)).toContain(`${perfRecords} records sent`);
  expect(wrote.stdout + wrote.stderr).not.toMatch(/Authorization|Authentication|TimeoutException/);
  const heard = await javaReader;
  const lines = heard.stdout.split('\n');
  const values = new Set(lines.filter((line) => line.startsWith('value ')));
  const last = writer.acknowledged.at(-1)!;
  await expect.poll(() => read.has(last), { timeout: 10_000 }).toBe(true);
  await consumer.disconnect();
  const missing = (from: ReadonlySet<string>): string[] => writer.acknowledged.filter((value) => !from.has(value));
  expect({ acknowledged: writer.acknowledged.length, kafkajs: missing(read), java: missing(values) }).toEqual({
    acknowledged: expect.any(Number),
    kafkajs: [],
    java: [],
  });
  expect(writer.acknowledged.length).toBeGreaterThan(300);
  const offsets = await admin.fetchTopicOffsets(topic);
  const total = offsets.reduce((sum, { high }) => sum + Number(high), 0);
  expect(total).toBeGreaterThanOrEqual(writer.acknowledged.length + perfRecords);
  // A reader whose group moved may get the last ones again.
  expect(lines.filter((line) => line !== '' && !line.startsWith('Processed')).length).toBeGreaterThanOrEqual(total);
  await admin.disconnect();
  expect(await gateway.stop()).toBe(0);
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
});
