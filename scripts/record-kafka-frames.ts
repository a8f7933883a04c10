/**
 * Records test/fixtures/kafka/frames/: what real clients and a real broker said to each other, one frame a file. The
 * first frame of each API, version and direction is kept, of Produce and Fetch one for each codec. Run it by hand;
 * the frames differ from run to run in ids and times.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { Cursor } from '../core/bytes/cursor.ts';
import { apiByKey, apis } from '../gateway/kafka/wire/generated/apis.ts';
import { walkBatches } from '../gateway/kafka/wire/record-batch.ts';
import { RequestHeader } from '../gateway/kafka/wire/request-header.ts';
import { readResponseHeader } from '../gateway/kafka/wire/response-header.ts';
import { type RecordedFrame, recordFrames } from '../test/support/frame-recorder.ts';
import {
  brokerVersion,
  type KafkaTool,
  runKafkaTool,
  scramProperties,
  startKafka,
} from '../test/support/kafka-broker.ts';
import { adminPassword, adminUser } from '../test/support/kafka-properties.ts';

const out = fileURLToPath(new URL('../test/fixtures/kafka/frames/', import.meta.url));
const largest = 3000;
const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

await using recorder = await recordFrames();
await using broker = await startKafka({ advertisedPort: recorder.port });
recorder.relayTo(broker.port);
const bootstrap = `127.0.0.1:${recorder.port}`;
const folder = await mkdtemp(join(tmpdir(), 'sluice-frames-'));
const properties = join(folder, 'client.properties');
await writeFile(properties, scramProperties(adminUser, adminPassword));
const named = new Map<string, RecordedFrame & { client: string }>();

await javaTools();
await kafkaJs();

const metadata = named.get('metadata-v13-request');
if (metadata) named.set('metadata-v13-request-unknown-tags', { ...metadata, ...withUnknownTags(metadata) });

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const [name, frame] of named) await writeFile(join(out, `${name}.hex`), hexFile(frame));
process.stdout.write(`${(await readdir(out)).length} frames\n`);
await rm(folder, { recursive: true });

async function tool(name: KafkaTool, args: readonly string[], stdin = ''): Promise<void> {
  const result = await runKafkaTool(
    broker.libs,
    name,
    ['--bootstrap-server', bootstrap, '--command-config', properties, ...args],
    { stdin },
  );
  if (result.exitCode !== 0)
    process.stderr.write(`${name} ${args.join(' ')}: ${result.exitCode}\n${result.stdout}${result.stderr}\n`);
  keep(`Kafka ${brokerVersion} ${name}`);
}

async function javaTools(): Promise<void> {
  await tool('kafka-topics', ['--create', '--topic', 'orders', '--partitions', '2']);
  await tool('kafka-topics', ['--create', '--topic', 'passing']);
  await tool('kafka-topics', ['--create', '--topic', 'js-orders', '--partitions', '1']); // kafkajs reads gzip only
  for (const codec of codecNames) {
    await tool(
      'kafka-console-producer',
      ['--topic', 'orders', '--compression-codec', codec],
      `${`one record for ${codec}\n`.repeat(3)}`,
    );
  }
  await tool('kafka-console-consumer', [
    '--topic',
    'orders',
    '--from-beginning',
    '--max-messages',
    '15',
    '--group',
    'classic',
  ]);
  await tool('kafka-console-consumer', [
    '--topic',
    'orders',
    '--from-beginning',
    '--max-messages',
    '15',
    '--group',
    'modern',
    '--command-property',
    'group.protocol=consumer',
  ]);
  await tool('kafka-consumer-groups', ['--describe', '--all-groups']);
  await tool('kafka-consumer-groups', ['--list']);
  await tool('kafka-consumer-groups', [
    '--reset-offsets',
    '--group',
    'classic',
    '--topic',
    'orders',
    '--to-earliest',
    '--execute',
  ]);
  await tool('kafka-consumer-groups', ['--delete-offsets', '--group', 'classic', '--topic', 'orders']);
  await tool('kafka-consumer-groups', ['--delete', '--group', 'classic']);
  const perf = [
    '--topic',
    'orders',
    '--num-records',
    '3',
    '--record-size',
    '10',
    '--throughput',
    '-1',
    '--transactional-id',
    'tx-1',
    '--transaction-duration-ms',
    '50',
  ];
  await tool('kafka-producer-perf-test', perf);
  await tool('kafka-transactions', ['list']);
  await tool('kafka-transactions', ['describe', '--transactional-id', 'tx-1']);
  await tool('kafka-transactions', ['describe-producers', '--topic', 'orders', '--partition', '0']);
  await tool('kafka-acls', ['--add', '--allow-principal', 'User:alice', '--operation', 'Read', '--topic', 'orders']);
  await tool('kafka-acls', ['--list']);
  await tool('kafka-acls', [
    '--remove',
    '--force',
    '--allow-principal',
    'User:alice',
    '--operation',
    'Read',
    '--topic',
    'orders',
  ]);
  await tool('kafka-configs', ['--describe', '--topic', 'orders', '--all']);
  await tool('kafka-configs', ['--alter', '--topic', 'orders', '--add-config', 'retention.ms=600000']);
  await tool('kafka-configs', [
    '--alter',
    '--entity-type',
    'users',
    '--entity-name',
    'alice',
    '--add-config',
    'SCRAM-SHA-512=[iterations=4096,password=alice-secret]',
  ]);
  await tool('kafka-configs', ['--describe', '--entity-type', 'users', '--entity-name', 'alice']);
  await tool('kafka-topics', ['--describe', '--topic', 'orders']);
  await tool('kafka-topics', ['--alter', '--topic', 'orders', '--partitions', '3']);
  await tool('kafka-get-offsets', ['--topic', 'orders']);
  const offsets = join(folder, 'offsets.json');
  await writeFile(
    offsets,
    JSON.stringify({ version: 1, partitions: [{ topic: 'passing', partition: 0, offset: -1 }] }),
  );
  await tool('kafka-delete-records', ['--offset-json-file', offsets]);
  await tool('kafka-topics', ['--delete', '--topic', 'passing']);
}

async function kafkaJs(): Promise<void> {
  const sasl = { mechanism: 'scram-sha-512', username: adminUser, password: adminPassword } as const;
  const kafka = new kafkajs.Kafka({
    clientId: 'kafkajs',
    brokers: [bootstrap],
    sasl,
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const producer = kafka.producer({ transactionalId: 'tx-2', maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  const message = { key: 'k', value: 'v', headers: { h: 'x' } };
  await transaction.send({ topic: 'js-orders', messages: [message], compression: kafkajs.CompressionTypes.GZIP });
  await transaction.sendOffsets({
    consumerGroupId: 'js',
    topics: [{ topic: 'js-orders', partitions: [{ partition: 0, offset: '0' }] }],
  });
  await transaction.commit();
  const aborted = await producer.transaction();
  await aborted.send({ topic: 'js-orders', messages: [message] });
  await aborted.abort();
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: 'js', maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'js-orders', fromBeginning: true });
  const seen = Promise.withResolvers<void>();
  await consumer.run({ eachMessage: async () => seen.resolve() });
  await seen.promise;
  await consumer.commitOffsets([{ topic: 'js-orders', partition: 0, offset: '1' }]);
  await consumer.disconnect();

  const admin = kafka.admin();
  await admin.connect();
  await admin.fetchOffsets({ groupId: 'js', topics: ['js-orders'] });
  await admin.describeGroups(['js']);
  await admin.listGroups();
  await admin.describeCluster();
  await admin.createTopics({ topics: [{ topic: 'by-kafkajs' }] });
  await admin.createPartitions({ topicPartitions: [{ topic: 'by-kafkajs', count: 4 }] });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: 'orders',
        configEntries: [{ name: 'retention.ms', value: '500000' }],
      },
    ],
  });
  await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: 'orders', configNames: ['retention.ms'] }],
  });
  await admin.deleteTopicRecords({ topic: 'js-orders', partitions: [{ partition: 0, offset: '1' }] });
  await admin.deleteTopics({ topics: ['by-kafkajs'] });
  await admin.deleteGroups(['js']);
  await admin.disconnect();
  keep('kafkajs 2.2.4');
}

function keep(client: string): void {
  for (const frame of recorder.frames.splice(0)) {
    const api = apiByKey.get(frame.apiKey);
    if (!api || frame.version < api.min || frame.version > api.max || frame.bytes.length > largest) continue;
    const variant = variantOf(frame);
    const words = [api.name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase(), `v${frame.version}`, frame.direction];
    if (variant) words.push(variant);
    const name = words.join('-');
    if (!named.has(name)) named.set(name, { ...frame, client });
  }
}

/** The codecs inside, whether in a transaction; what else makes a frame worth to be kept. */
function variantOf({ apiKey, version, direction, bytes }: RecordedFrame): string {
  const blobs: (Uint8Array | null)[] = [];
  let transactional = false;
  if (apiKey === apis.Produce.key && direction === 'request') {
    const request = apis.Produce.readRequest(new Cursor(bytes, new RequestHeader().read(bytes).bodyOffset), version);
    transactional = request.transactionalId !== null;
    for (const topic of request.topicData) for (const partition of topic.partitionData) blobs.push(partition.records);
  } else if (apiKey === apis.Fetch.key && direction === 'response') {
    const c = new Cursor(bytes, 4);
    readResponseHeader(c, apis.Fetch.responseHeaderVersion(version));
    for (const topic of apis.Fetch.readResponse(c, version).responses)
      for (const partition of topic.partitions) blobs.push(partition.records);
  } else {
    return '';
  }
  const found = blobs.flatMap((blob) => (blob ? walkBatches(blob) : []));
  const kinds = found.map((batch) =>
    batch.kind === 'batch' ? `${batch.codec}${batch.control ? '-control' : ''}` : batch.kind,
  );
  return [...new Set(transactional ? ['transactional', ...kinds] : kinds)].sort().join('-');
}

/** No client sends tags that its broker does not know, so one is put into a real frame: in its header and its body. */
function withUnknownTags({ bytes }: RecordedFrame): { bytes: Buffer; client: string } {
  const tag = Buffer.from([1, 0xe8, 0x07, 3, 0x61, 0x62, 0x63]);
  const { bodyOffset } = new RequestHeader().read(bytes);
  const parts = [bytes.subarray(0, bodyOffset - 1), tag, bytes.subarray(bodyOffset, -1), tag];
  const longer = Buffer.concat(parts);
  longer.writeInt32BE(longer.length - 4, 0);
  return { bytes: longer, client: `Kafka ${brokerVersion} (tag 1000 put in by hand)` };
}

function hexFile(frame: RecordedFrame & { client: string }): string {
  const api = apiByKey.get(frame.apiKey)!;
  const lines = frame.bytes.toString('hex').match(/.{1,96}/g) ?? [];
  return `# ${api.name} v${frame.version} ${frame.direction}, recorded between ${frame.client} and a broker ${brokerVersion}\n${lines.join('\n')}\n`;
}
