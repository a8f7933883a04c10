/** @platformatic/kafka. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  Admin,
  type BaseOptions,
  Consumer,
  type GenericError,
  type MultipleErrors,
  Producer,
  type SASLOptions,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { bearerToken } from './kafkajs.ts';
import {
  type Client,
  ClientFailure,
  type Login,
  type OnRecord,
  type Operation,
  type Operations,
  type Pipe,
  type Produce,
  type Read,
  type ReadResult,
} from './operations.ts';

type Thrown = Partial<GenericError & MultipleErrors> & { cause?: Thrown };
type Doing = { [O in Operation]?: (what: Operations[O][0], onRecord: OnRecord) => Promise<Operations[O][1]> };

/** Kafka's name of the first error that has one, however deep. */
function codeOf(error: Thrown): string {
  return found(error) ?? error.code ?? error.name ?? 'Error';
}

function found(error: Thrown | undefined): string | undefined {
  if (!error) return undefined;
  if (typeof error['apiId'] === 'string') return error['apiId'];
  for (const inner of (error.errors ?? []) as Thrown[]) {
    const code = found(inner);
    if (code) return code;
  }
  return found(error.cause);
}

function optionsOf(login: Login): BaseOptions {
  const sasl: SASLOptions =
    login.mechanism === 'OAUTHBEARER'
      ? { mechanism: 'OAUTHBEARER', token: () => bearerToken(login) }
      : { mechanism: login.mechanism, username: login.user, password: login.password };
  return {
    clientId: 'matrix',
    bootstrapBrokers: [login.address],
    sasl,
    ...(login.ca ? { tls: { ca: readFileSync(login.ca, 'utf8') } } : {}),
    retries: 8,
    retryDelay: 100,
    timeout: 8000,
    connectTimeout: 5000,
  };
}

const doing: Doing = {
  version: () => Promise.resolve({ version: packageVersion() }),
  produce,
  read,
  pipe,
  topics: ({ login }) => asAdmin(login, async (admin) => ({ topics: await admin.listTopics() })),
  describeTopic: ({ login, topic }) =>
    asAdmin(login, async (admin) => {
      const { topics } = await admin.metadata({ topics: [topic] });
      return { topicId: topics.get(topic)?.id ?? '' };
    }),
  groups: ({ login }) => asAdmin(login, async (admin) => ({ groups: [...(await admin.listGroups()).keys()] })),
  describeGroups: ({ login, groups }) =>
    asAdmin(login, async (admin) => {
      const described = await admin.describeGroups({ groups: [...groups] });
      return { results: Object.fromEntries(groups.map((name) => [name, described.has(name) ? 'NONE' : 'MISSING'])) };
    }),
};

function packageVersion(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('@platformatic/kafka');
  return JSON.parse(readFileSync(new URL('../package.json', `file://${entry}`), 'utf8')).version as string;
}

async function asAdmin<T>(login: Login, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin(optionsOf(login));
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

async function produce(what: Produce): Promise<Operations['produce'][1]> {
  const { idempotent = false, transactionalId, acks = -1 } = what;
  const producer = new Producer({
    ...optionsOf(what.login),
    serializers: stringSerializers,
    idempotent: idempotent || transactionalId !== undefined,
    autocreateTopics: true,
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
  const options = { acks, compression: what.codec ?? 'none' } as const;
  try {
    const transaction = transactionalId === undefined ? undefined : await producer.beginTransaction();
    const results: string[] = [];
    for (const [topic, records] of Object.entries(Object.groupBy(what.records, (record) => record.topic))) {
      const messages = records!.map(({ value }) => ({ topic, value }));
      const sent = transaction ? transaction.send({ messages }) : producer.send({ ...options, messages });
      const code = await sent.then(
        () => 'NONE',
        (error: Thrown) => codeOf(error),
      );
      results.push(...messages.map(() => code));
    }
    await (what.abort ? transaction?.abort() : transaction?.commit());
    return { results };
  } finally {
    await producer.close(true);
  }
}

async function read(what: Read, onRecord: OnRecord): Promise<ReadResult> {
  const { errors: wrong = 0, tolerated = wrong, timeoutMs = 20_000 } = what;
  const consumer = new Consumer({
    ...optionsOf(what.login),
    groupId: what.group ?? what.anyGroup,
    groupProtocol: what.protocol === 'consumer' ? 'consumer' : 'classic',
    deserializers: stringDeserializers,
    isolationLevel: what.committed ? 1 : 0,
    maxWaitTime: 500,
    autocreateTopics: false,
  });
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
  const timer = setTimeout(done.resolve, timeoutMs);
  try {
    const stream = await consumer.consume({ topics: [...what.topics], mode: 'earliest', maxWaitTime: 500 });
    stream.on('error', (error) => {
      failed(error as Thrown);
      done.resolve(); // a stream has one error
    });
    stream.on('data', ({ topic, value }) => {
      const record = { topic, value: String(value) };
      records.push(record);
      onRecord(record);
      look();
    });
    await done.promise;
  } catch (error) {
    failed(error as Thrown);
  } finally {
    clearTimeout(timer);
    await closed(consumer);
  }
  return { records, errors };
}

/** A member of a group that it may not leave any more waits for its answer. */
async function closed(consumer: { close(force: boolean): Promise<void> }): Promise<void> {
  await Promise.race([
    consumer.close(true).catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 3000).unref()),
  ]);
}

async function pipe(what: Pipe): Promise<Record<never, never>> {
  const options = optionsOf(what.login);
  const producer = new Producer({
    ...options,
    serializers: stringSerializers,
    idempotent: true,
    transactionalId: what.transactionalId,
  });
  const consumer = new Consumer({
    ...options,
    groupId: what.group,
    deserializers: stringDeserializers,
    isolationLevel: 1,
    autocommit: false,
  });
  try {
    const stream = await consumer.consume({ topics: [what.from], mode: 'earliest', maxWaitTime: 200 });
    let count = 0;
    for await (const message of stream) {
      const transaction = await producer.beginTransaction();
      await transaction.addConsumer(consumer);
      await transaction.send({ messages: [{ topic: what.to, value: `did ${message.value}` }] });
      await transaction.addOffset(message);
      await transaction.commit();
      if (++count === what.records) break;
    }
    return {};
  } finally {
    await closed(consumer);
    await producer.close(true);
  }
}

export function platformaticClient(): Promise<Client> {
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
