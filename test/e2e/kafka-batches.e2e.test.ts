import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { codecs } from '../../core/bytes/compression.ts';
import { Writer } from '../../core/bytes/writer.ts';
import { systemClock } from '../../core/clock/clock.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultFetchRequest, defaultFetchRequestFetchPartition } from '../../gateway/kafka/wire/generated/fetch.ts';
import {
  defaultMetadataRequest,
  defaultMetadataRequestMetadataRequestTopic,
} from '../../gateway/kafka/wire/generated/metadata.ts';
import { batchOffset, batchPayload, crcMatches, walkBatches } from '../../gateway/kafka/wire/record-batch.ts';
import { runKafkaTool, scramProperties } from '../support/kafka-broker.ts';
import { readRecords, repacked } from '../support/record-batches.ts';

const kafka = inject('kafka');

function payloadOf(values: readonly string[]): Buffer {
  const w = new Writer();
  values.forEach((value, i) => {
    const body = new Writer();
    body.int8(0);
    body.varlong(0n);
    body.varint(i);
    body.varint(-1);
    body.varint(Buffer.byteLength(value));
    body.raw(Buffer.from(value));
    body.varint(0);
    w.varint(body.byteLength);
    w.append(body);
  });
  return w.toBuffer();
}

/** A header without records: what a producer that is not idempotent writes. */
function emptyBatch(count: number): Buffer {
  const bytes = Buffer.alloc(batchOffset.records);
  bytes.writeInt32BE(bytes.length - 12, batchOffset.length);
  bytes[batchOffset.magic] = 2;
  bytes.writeInt32BE(count - 1, batchOffset.lastOffsetDelta);
  bytes.writeBigInt64BE(1_700_000_000_000n, batchOffset.baseTimestamp);
  bytes.writeBigInt64BE(1_700_000_000_000n, batchOffset.maxTimestamp);
  bytes.fill(0xff, batchOffset.producerId, batchOffset.count);
  bytes.writeInt32BE(count, batchOffset.count);
  return bytes;
}

test.each(codecs)(
  'a %s batch that Sluice writes is taken by the broker, read by the Java client, and read back',
  async (codec) => {
    const topic = `batches-${codec}`;
    const random = randomBytes(60_000).toString('hex'); // more than one block of every format, and not compressible
    const values = [`one-${codec}`, 'x'.repeat(150_000), random, 'last'];
    using connection = await openConnection({
      clock: systemClock,
      address: kafka,
      clientId: 'test',
      timeoutMs: 10_000,
      credential: { kind: 'scram', mechanism: 'SCRAM-SHA-512', user: kafka.adminUser, password: kafka.adminPassword },
    });
    const created = { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    await connection.request(apis.CreateTopics, 7, { topics: [created], timeoutMs: 5000, validateOnly: false });
    const topics = [{ ...defaultMetadataRequestMetadataRequestTopic, name: topic }];
    const topicIdOf = async (): Promise<string> => {
      const {
        topics: [found],
      } = await connection.request(apis.Metadata, 13, { ...defaultMetadataRequest, topics });
      return found?.errorCode === 0 && found.partitions[0]?.errorCode === 0 ? found.topicId : '';
    };
    await expect.poll(topicIdOf).not.toBe('');
    const topicId = await topicIdOf();

    const head = emptyBatch(values.length);
    const records = repacked(head, payloadOf(values), codec);
    const partitionData = [{ index: 0, records }];
    const produced = await connection.request(apis.Produce, 13, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: '', topicId, partitionData }],
    });
    expect(produced.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0n });

    const config = join(kafka.folder, `${topic}.properties`);
    await writeFile(config, scramProperties(kafka.adminUser, kafka.adminPassword));
    const args = [
      '--bootstrap-server',
      kafka.bootstrap,
      '--topic',
      topic,
      '--from-beginning',
      '--max-messages',
      '4',
      '--command-config',
      config,
    ];
    const { exitCode, stdout } = await runKafkaTool(kafka.libs, 'kafka-console-consumer', args);
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual(values);

    const partitions = [{ ...defaultFetchRequestFetchPartition, partitionMaxBytes: 1 << 20 }];
    const fetched = await connection.request(apis.Fetch, 17, {
      ...defaultFetchRequest,
      maxWaitMs: 1000,
      minBytes: 1,
      topics: [{ topic: '', topicId, partitions }],
    });
    const blob = fetched.responses[0]?.partitions[0]?.records ?? new Uint8Array();
    const [back] = walkBatches(blob);
    expect(back).toMatchObject({ kind: 'batch', codec, count: 4 });
    if (back?.kind !== 'batch') return;
    expect(crcMatches(blob, back)).toBe(true);
    const payload = batchPayload(blob, back, 1 << 20);
    const text = readRecords(payload, back.count).map(({ value }) => String(value));
    expect(text).toEqual(values);
  },
);
