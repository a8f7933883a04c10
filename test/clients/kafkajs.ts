/** kafkajs, with codecs that its user would plug in. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CompressionTypes, type Consumer, Kafka, logLevel } from 'kafkajs';
import lz4 from 'lz4-napi';
import snappy from 'snappy';
import {
  type Client,
  ClientFailure,
  codecs,
  type Login,
  type OnRecord,
  type Operation,
  type Operations,
  type Pipe,
  type Produce,
  type Read,
  type ReadResult,
} from './operations.ts';

const require = createRequire(import.meta.url);
// This export of a CommonJS package is not seen by an import.
const { CompressionCodecs } = require('kafkajs') as typeof import('kafkajs');
const plug = (type: CompressionTypes, to: (b: Buffer) => unknown, from: (b: Buffer) => unknown): void => {
  (CompressionCodecs as Record<number, unknown>)[type] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => (await to(buffer)) as Buffer,
    decompress: async (buffer: Buffer) => (await from(buffer)) as Buffer,
  });
};
plug(
  CompressionTypes.Snappy,
  (b) => snappy.compress(b),
  (b) => unframed(b),
);
plug(CompressionTypes.LZ4, lz4.compressFrame, lz4.decompressFrame);
plug(CompressionTypes.ZSTD, zstdCompressSync, zstdDecompressSync);

/** Snappy blocks in Java's framing, or one bare block. */
async function unframed(bytes: Buffer): Promise<Buffer> {
  const block = async (of: Buffer): Promise<Buffer> => Buffer.from(await snappy.uncompress(of));
  if (bytes.toString('latin1', 1, 7) !== 'SNAPPY') return await block(bytes);
  const parts: Buffer[] = [];
  for (let at = 16; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    parts.push(await block(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(parts);
}

interface Thrown {
  readonly type?: string;
  readonly name?: string;
  readonly message?: string;
  readonly cause?: Thrown;
  readonly originalError?: Thrown;
}

function codeOf(error: Thrown): string {
  for (let one: Thrown | undefined = error; one; one = one.cause ?? one.originalError) {
    if (one.type) return one.type;
    if (one.name === 'KafkaJSSASLAuthenticationError') return saslCode(one.message ?? '');
  }
  return error.name ?? 'Error';
}

/** kafkajs keeps only the text of what the broker says of a login. */
function saslCode(message: string): string {
  return /mechanism is not (enabled|supported)|not support/i.test(message)
    ? 'UNSUPPORTED_SASL_MECHANISM'
    : 'SASL_AUTHENTICATION_FAILED';
}

function kafkaOf(login: Login): Kafka {
  const sasl = {
    PLAIN: { mechanism: 'plain' as const, username: login.user, password: login.password },
    'SCRAM-SHA-512': { mechanism: 'scram-sha-512' as const, username: login.user, password: login.password },
    OAUTHBEARER: {
      mechanism: 'oauthbearer' as const,
      oauthBearerProvider: async () => ({ value: await bearerToken(login) }),
    },
  }[login.mechanism];
  return new Kafka({
    clientId: 'matrix',
    brokers: [login.address],
    sasl,
    ...(login.ca ? { ssl: { ca: [readFileSync(login.ca, 'utf8')] } } : {}),
    reauthenticationThreshold: 2000,
    retry: { retries: 2, initialRetryTime: 100 },
    logLevel: logLevel.NOTHING,
  });
}

/** What an application would write that has no OAuth library. */
export async function bearerToken(login: Login): Promise<string> {
  if (!login.tokenUrl) return login.password;
  const answer = await fetch(login.tokenUrl, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${login.user}:${login.clientSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

type Doing = { [O in Operation]?: (what: Operations[O][0], onRecord: OnRecord) => Promise<Operations[O][1]> };

const doing: Doing = {
  version: () => Promise.resolve({ version: String(require('kafkajs/package.json').version) }),
  produce,
  read,
  pipe,
  topics: ({ login }) => asAdmin(login, async (admin) => ({ topics: await admin.listTopics() })),
  describeTopic: ({ login, topic }) =>
    asAdmin(login, async (admin) => {
      await admin.fetchTopicMetadata({ topics: [topic] });
      return { topicId: '' };
    }),
  groups: ({ login }) =>
    asAdmin(login, async (admin) => ({ groups: (await admin.listGroups()).groups.map(({ groupId }) => groupId) })),
  describeGroups: ({ login, groups }) =>
    asAdmin(login, async (admin) => {
      const described = await admin.describeGroups([...groups]);
      return { results: Object.fromEntries(described.groups.map(({ groupId }) => [groupId, 'NONE'])) };
    }),
};

async function asAdmin<T>(login: Login, work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = kafkaOf(login).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function produce(what: Produce): Promise<Operations['produce'][1]> {
  const { idempotent = false, transactionalId, acks = -1 } = what;
  const producer = kafkaOf(what.login).producer({
    idempotent: idempotent || transactionalId !== undefined,
    ...(transactionalId === undefined ? {} : { transactionalId, maxInFlightRequests: 1 }),
    allowAutoTopicCreation: true,
  });
  const compression = codecs.indexOf(what.codec ?? 'none') as CompressionTypes;
  try {
    await producer.connect();
    const transaction = transactionalId === undefined ? undefined : await producer.transaction();
    const results: string[] = [];
    const byTopic = Object.entries(Object.groupBy(what.records, ({ topic }) => topic));
    for (const [topic, records] of byTopic) {
      const messages = records!.map(({ value }) => ({ value }));
      const sent = (transaction ?? producer).send({ topic, messages, acks, compression });
      const code = await sent.then(() => 'NONE', codeOf);
      results.push(...messages.map(() => code));
    }
    await (what.abort ? transaction?.abort() : transaction?.commit());
    return { results };
  } finally {
    await producer.disconnect();
  }
}

async function read(what: Read, onRecord: OnRecord): Promise<ReadResult> {
  const { errors: wrong = 0, tolerated = wrong, timeoutMs = 20_000 } = what;
  const consumer = kafkaOf(what.login).consumer({
    groupId: what.group ?? what.anyGroup,
    maxWaitTimeInMs: 500,
    readUncommitted: !what.committed,
    allowAutoTopicCreation: false,
    retry: { retries: 2, restartOnFailure: () => Promise.resolve(tolerated > wrong) },
  } as Parameters<Kafka['consumer']>[0]);
  const records: { topic: string; value: string }[] = [];
  const errors: string[] = [];
  const done = Promise.withResolvers<void>();
  const look = (): void => {
    if ((records.length >= what.records && errors.length >= wrong) || errors.length > tolerated) done.resolve();
  };
  const failed = (error: Thrown): void => {
    errors.push(codeOf(error));
    look();
  };
  consumer.on('consumer.crash', ({ payload }) => failed(payload.error as Thrown));
  const timer = setTimeout(done.resolve, timeoutMs);
  try {
    await consumer.connect();
    for (const topic of what.topics) await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ topic, message }) => {
        const record = { topic, value: String(message.value) };
        records.push(record);
        onRecord(record);
        look();
        return Promise.resolve();
      },
    });
    await done.promise;
  } catch (error) {
    failed(error as Thrown);
  } finally {
    clearTimeout(timer);
    await leave(consumer);
  }
  return { records, errors };
}

/** A member of a group that it may not leave any more waits for its answer. */
async function leave(consumer: Consumer): Promise<void> {
  await Promise.race([
    consumer.disconnect().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 3000).unref()),
  ]);
}

async function pipe(what: Pipe): Promise<Record<never, never>> {
  const kafka = kafkaOf(what.login);
  const producer = kafka.producer({ transactionalId: what.transactionalId, maxInFlightRequests: 1, idempotent: true });
  const consumer = kafka.consumer({ groupId: what.group, maxWaitTimeInMs: 200, readUncommitted: false });
  const done = Promise.withResolvers<void>();
  let count = 0;
  try {
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topic: what.from, fromBeginning: true });
    consumer.on('consumer.crash', ({ payload }) => done.reject(payload.error));
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const transaction = await producer.transaction();
        await transaction.send({ topic: what.to, messages: [{ value: `did ${message.value}` }] });
        const offset = String(BigInt(message.offset) + 1n);
        await transaction.sendOffsets({
          consumerGroupId: what.group,
          topics: [{ topic, partitions: [{ partition, offset }] }],
        });
        await transaction.commit();
        if (++count === what.records) done.resolve();
      },
    });
    await done.promise;
    return {};
  } finally {
    await leave(consumer);
    await producer.disconnect();
  }
}

export function kafkajsClient(): Promise<Client> {
  return Promise.resolve({
    async run<O extends Operation>(operation: O, what: Operations[O][0], onRecord: OnRecord = () => {}) {
      const work = doing[operation];
      if (!work) throw new ClientFailure('UNSUPPORTED', operation);
      try {
        return await work(what, onRecord);
      } catch (error) {
        throw new ClientFailure(codeOf(error as Thrown), String(error));
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
