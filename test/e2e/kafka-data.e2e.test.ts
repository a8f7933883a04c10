/** The data path at a real broker in the newest versions: topic ids, fetch sessions, transactions. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { Cursor } from '../../core/bytes/cursor.ts';
import { systemClock } from '../../core/clock/clock.ts';
import { table } from '../../gateway/kafka/enforce/table.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultCreateTopicsRequest,
  defaultCreateTopicsRequestCreatableTopic,
} from '../../gateway/kafka/wire/generated/create-topics.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  type FetchResponse,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { defaultProduceRequest } from '../../gateway/kafka/wire/generated/produce.ts';
import { accessPolicies, alice, grantUntil } from '../support/access-policies.ts';
import { type KafkaTool, runKafkaTool, type ToolOptions, type ToolResult } from '../support/kafka-broker.ts';
import { type ProxyWorld, proxyWorld } from '../support/proxy-world.ts';
import { pythonWithKafka, runPython } from '../support/python-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { batchOf, valuesOf } from '../support/record-batches.ts';
import { snapshotOf } from '../support/snapshot.ts';

const kafka = inject('kafka');
const prefix = 'data.';
const topic = (name: string): string => prefix + name;
const hour = 3_600_000;
const policies = accessPolicies(prefix, { maskOn: 'consume' });
const allowing = () => snapshotOf(policies, [grantUntil(policies, systemClock.now() + hour)]);
const denying = () => snapshotOf(policies);
const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';

let world: ProxyWorld;
const stack = new AsyncDisposableStack();
/** Versions that reached the table since the test began, by the name of the API. */
const used = new Map<string, Set<number>>();
/** Fetches that went on with a session. */
let incremental = 0;

const past = new Kafka({
  clientId: 'past-the-gateway',
  brokers: [kafka.bootstrap],
  sasl: { mechanism: 'scram-sha-512', username: kafka.adminUser, password: kafka.adminPassword },
  logLevel: logLevel.NOTHING,
});

beforeAll(async () => {
  for (const entry of table.values()) {
    const { onRequest } = entry;
    entry.onRequest = (body, version, context) => {
      const versions = used.get(entry.api.name) ?? new Set();
      used.set(entry.api.name, versions.add(version));
      if (entry.api === apis.Fetch && apis.Fetch.readRequest(new Cursor(body), version).sessionEpoch > 0) incremental++;
      return onRequest(body, version, context);
    };
    stack.defer(() => {
      entry.onRequest = onRequest;
    });
  }
  world = stack.use(
    await proxyWorld({
      broker: { host: kafka.host, port: kafka.port, user: kafka.adminUser, password: kafka.adminPassword },
      snapshot: denying(),
      authenticate: () => Promise.resolve({ principal: alice, expiresAt: systemClock.now() + hour }),
      reason: 'revoked',
    }),
  );
  const admin = past.admin();
  await admin.connect();
  await admin.createTopics({
    topics: ['open.java', 'open.eos', 'open.source', 'open.session', 'granted', 'masked', 'secret'].map((name) => ({
      topic: topic(name),
      numPartitions: 1,
    })),
  });
  await admin.disconnect();
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  used.clear();
  incremental = 0;
  await world.apply(denying());
});

/** A Java tool as alice. */
async function javaTool(tool: KafkaTool, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const config = join(kafka.folder, `data-${randomBytes(4).toString('hex')}.properties`);
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="x";';
  await writeFile(config, `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=${login}\n`);
  const common = ['--bootstrap-server', world.address, '--command-config', config];
  return await runKafkaTool(kafka.libs, tool, [...common, ...args], options);
}

async function read(name: string, count: number, ...more: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await javaTool('kafka-console-consumer', [
    ...['--topic', topic(name), '--from-beginning', '--max-messages', String(count), '--timeout-ms', '30000', ...more],
  ]);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`Processed a total of ${count} messages`)]);
  return stdout.trim().split('\n');
}

async function client(): Promise<RawClient> {
  const raw = await RawClient.open(world.port);
  stack.use(raw);
  await raw.login('x');
  return raw;
}

async function idsOf(raw: RawClient, ...names: string[]): Promise<string[]> {
  const { topics } = await raw.ask(apis.Metadata, 13, {
    ...defaultMetadataRequest,
    topics: names.map((name) => ({ name: topic(name), topicId: zeroId })),
    allowAutoTopicCreation: false,
  });
  return names.map((name) => topics.find((one) => one.name === topic(name))?.topicId ?? '');
}

const fetchOf = (
  sessionId: number,
  sessionEpoch: number,
  wanted: readonly (readonly [id: string, offset: number])[],
) => ({
  ...defaultFetchRequest,
  sessionId,
  sessionEpoch,
  maxWaitMs: 100,
  minBytes: 1,
  maxBytes: 1 << 20,
  topics: wanted.map(([topicId, offset]) => ({
    topic: '',
    topicId,
    partitions: [
      { ...defaultFetchRequestFetchPartition, partition: 0, fetchOffset: BigInt(offset), partitionMaxBytes: 1 << 20 },
    ],
  })),
});
const produceOf = (topicId: string, ...values: string[]) => ({
  ...defaultProduceRequest,
  acks: -1,
  timeoutMs: 5000,
  topicData: [{ name: '', topicId, partitionData: [{ index: 0, records: batchOf(values) }] }],
});
/** What a fetch got: the error and the values of each topic, by id. */
const got = ({ responses }: FetchResponse): Record<string, unknown> =>
  Object.fromEntries(
    responses.map(({ topicId, partitions: [one] }) => [topicId, one!.errorCode || valuesOf(one!.records)]),
  );

describe('topic ids', () => {
  test('Java writes with Produce 13 and reads with Fetch 18 in sessions, masked where a mask says so', async () => {
    const wrote = await javaTool('kafka-console-producer', ['--topic', topic('open.java')], { stdin: 'one\ntwo\n' });
    expect([wrote.exitCode, wrote.stderr]).toEqual([0, expect.not.stringContaining('ERROR')]);
    expect(used.get('Produce')).toEqual(new Set([13]));
    expect(await read('open.java', 2)).toEqual(['one', 'two']);
    const card = '4111 1111 1111 1111';
    await javaTool('kafka-console-producer', ['--topic', topic('masked')], { stdin: `{"card":"${card}"}\n` });
    const [masked] = await read('masked', 1);
    expect(masked).toMatch(/^\{"card":/);
    expect(masked).not.toContain(card);
    expect(used.get('Fetch')).toEqual(new Set([18]));
    // Names stand in the log, whatever was on the wire.
    const told = [...world.recorder.of('produce_done'), ...world.recorder.of('fetch_done')];
    const names = told.flatMap(({ topics }) => topics.map((entry) => entry.topic));
    expect(new Set(names)).toEqual(new Set([topic('open.java'), topic('masked')]));
  });

  test('a consumer that stays goes on with its session', async () => {
    const args = ['--topic', topic('open.java'), '--from-beginning', '--timeout-ms', '3000'];
    const { stdout } = await javaTool('kafka-console-consumer', args);
    expect(stdout.trim().split('\n')).toContain('one');
    expect(incremental).toBeGreaterThan(3);
  });

  test('a topic that is made anew has another id; the old one is refused by the broker', async () => {
    const raw = await client();
    const name = topic('open.again');
    const make = () =>
      raw.ask(apis.CreateTopics, 7, {
        ...defaultCreateTopicsRequest,
        timeoutMs: 10_000,
        topics: [{ ...defaultCreateTopicsRequestCreatableTopic, name, numPartitions: 1, replicationFactor: 1 }],
      });
    const write = async (id: string, value: string): Promise<number> => {
      const { responses } = await raw.ask(apis.Produce, 13, produceOf(id, value));
      return responses[0]!.partitionResponses[0]!.errorCode;
    };
    expect((await make()).topics).toMatchObject([{ errorCode: 0 }]);
    const [old = ''] = await idsOf(raw, 'open.again');
    await expect.poll(() => write(old, 'first')).toBe(0);
    expect(got(await raw.ask(apis.Fetch, 18, fetchOf(0, -1, [[old, 0]])))).toEqual({ [old]: ['first'] });
    const { responses } = await raw.ask(apis.DeleteTopics, 6, {
      topics: [{ name: null, topicId: old }],
      topicNames: [],
      timeoutMs: 10_000,
    });
    expect(responses).toMatchObject([{ name, topicId: old, errorCode: 0 }]);
    await expect.poll(async () => (await make()).topics[0]?.errorCode).toBe(0);
    await expect.poll(async () => ['', zeroId, old].includes((await idsOf(raw, 'open.again'))[0]!)).toBe(false);
    const [fresh = ''] = await idsOf(raw, 'open.again');
    expect([100, 103]).toContain(await write(old, 'lost'));
    await expect.poll(() => write(fresh, 'second')).toBe(0);
    const both = got(
      await raw.ask(
        apis.Fetch,
        18,
        fetchOf(0, -1, [
          [old, 0],
          [fresh, 0],
        ]),
      ),
    );
    expect([100, 103]).toContain(both[old]);
    expect(both[fresh]).toEqual(['second']);
    // Java, which begins with the name.
    const wrote = await javaTool('kafka-console-producer', ['--topic', name], { stdin: 'third\n' });
    expect(wrote.exitCode).toBe(0);
    expect(await read('open.again', 2)).toEqual(['second', 'third']);
  });

  test('ids that are denied or nobody’s are told apart, without a name', async () => {
    const raw = await client();
    using broker = await openConnection({
      clock: systemClock,
      address: kafka,
      clientId: 'past-the-gateway',
      timeoutMs: 10_000,
      credential: { kind: 'scram', mechanism: 'SCRAM-SHA-512', user: kafka.adminUser, password: kafka.adminPassword },
    });
    const { topics } = await broker.request(apis.Metadata, 12, {
      ...defaultMetadataRequest,
      topics: [{ name: topic('secret'), topicId: zeroId }],
    });
    const secret = topics[0]?.topicId ?? zeroId;
    expect(secret).not.toBe(zeroId);
    const nobody = randomBytes(16).toString('base64url');
    const [open = ''] = await idsOf(raw, 'open.java');
    const metadata = await raw.ask(apis.Metadata, 13, {
      ...defaultMetadataRequest,
      topics: [open, secret, nobody].map((topicId) => ({ topicId, name: null })),
      allowAutoTopicCreation: false,
    });
    expect(metadata.topics.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      [topic('open.java'), open, 0],
      [null, secret, 29],
      [null, nobody, 100],
    ]);
    const asked = [secret, nobody].map((id) => [id, 0] as const);
    expect(got(await raw.ask(apis.Fetch, 18, fetchOf(0, -1, asked)))).toEqual({ [secret]: 29, [nobody]: 100 });
    for (const [id, errorCode] of [
      [secret, 29],
      [nobody, 100],
    ] as const) {
      const { responses } = await raw.ask(apis.Produce, 13, produceOf(id, 'x'));
      expect(responses).toMatchObject([{ topicId: id, partitionResponses: [{ errorCode }] }]);
    }
  });
});

test('a fetch session outlives a right that goes and comes back, and is nobody else’s', async () => {
  await world.apply(allowing());
  const raw = await client();
  const [open = '', granted = ''] = await idsOf(raw, 'open.session', 'granted');
  await raw.ask(apis.Produce, 13, produceOf(granted, 'g0', 'g1'));
  await raw.ask(apis.Produce, 13, produceOf(open, 'o0'));
  const first = await raw.ask(
    apis.Fetch,
    18,
    fetchOf(0, 0, [
      [open, 0],
      [granted, 1_000_000],
    ]),
  );
  expect(got(first)).toEqual({ [open]: ['o0'], [granted]: 1 }); // out of range: the client will seek
  const { sessionId } = first;
  expect(sessionId).not.toBe(0);
  const next = (epoch: number, ...wanted: [string, number][]) =>
    raw.ask(apis.Fetch, 18, fetchOf(sessionId, epoch, wanted));
  expect(got(await next(1, [open, 1], [granted, 2]))).toEqual({ [granted]: [] });
  expect(got(await next(2))).toEqual({});

  await world.apply(denying());
  expect(got(await next(3))).toEqual({ [granted]: 29 });
  const producer = past.producer();
  await producer.connect();
  for (const name of ['granted', 'open.session'])
    await producer.send({ topic: topic(name), messages: [{ value: `${name} meanwhile` }] });
  await producer.disconnect();
  expect(got(await next(4))).toEqual({ [open]: ['open.session meanwhile'], [granted]: 29 });
  expect(got(await next(5, [open, 2]))).toEqual({ [granted]: 29 });

  await world.apply(allowing());
  // The broker may apply the session's ACL a moment later.
  const answers: unknown[] = [];
  for (let epoch = 6; epoch < 40 && !Array.isArray(answers.at(-1)); epoch++)
    answers.push(got(await next(epoch))[granted]);
  expect(answers.at(-1)).toEqual(['granted meanwhile']);

  using other = await client();
  const stolen = await other.ask(apis.Fetch, 18, fetchOf(sessionId, 40, []));
  expect([stolen.errorCode, stolen.responses]).toEqual([70, []]);
});

describe('transactions', () => {
  test('Java commits in the second protocol: partitions are added by writing to them', async () => {
    const ran = await javaTool('kafka-producer-perf-test', [
      ...['--topic', topic('open.eos'), '--num-records', '300', '--record-size', '20', '--throughput', '-1'],
      ...['--transactional-id', `${prefix}alice.perf`, '--transaction-duration-ms', '50'],
    ]);
    expect([ran.exitCode, ran.stdout]).toEqual([0, expect.stringContaining('300 records sent')]);
    expect(used.get('Produce')).toEqual(new Set([13]));
    expect(used.get('EndTxn')).toEqual(new Set([5]));
    expect(used.has('AddPartitionsToTxn')).toBe(false);
    expect(await read('open.eos', 300, '--isolation-level', 'read_committed')).toHaveLength(300);
    const listed = await javaTool('kafka-transactions', ['describe', '--transactional-id', `${prefix}alice.perf`]);
    expect(listed.stdout, listed.stderr).toMatch(/CompleteCommit/);
  });

  test('a foreign transactional id is refused', async () => {
    const ran = await javaTool('kafka-producer-perf-test', [
      ...['--topic', topic('open.eos'), '--num-records', '1', '--record-size', '20', '--throughput', '-1'],
      ...['--transactional-id', 'somebody', '--transaction-duration-ms', '50'],
    ]);
    expect(ran.stderr + ran.stdout).toMatch(
      /TransactionalIdAuthorizationException|TransactionalId authorization failed/i,
    );
  });

  const pythonClient = `
import json, sys, time
from confluent_kafka import Consumer, Producer
a = json.loads(sys.argv[1])
say = lambda **k: print(json.dumps(k), flush=True)
common = {'bootstrap.servers': a['address'], 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN',
          'sasl.username': 'alice', 'sasl.password': 'x'}
p = Producer({**common, 'transactional.id': a['id'], 'transaction.timeout.ms': 60000})
p.init_transactions(20)
if a['do'] == 'pipe':
    c = Consumer({**common, 'group.id': a['group'], 'auto.offset.reset': 'earliest', 'enable.auto.commit': False,
                  'isolation.level': 'read_committed', 'fetch.wait.max.ms': 100})
    c.subscribe([a['from']])
    n, end = 0, time.time() + 40
    while n < a['count'] and time.time() < end:
        batch = [m for m in c.consume(5, 0.3) if not m.error()]
        if not batch: continue
        p.begin_transaction()
        for m in batch: p.produce(a['to'], b'did ' + m.value())
        p.send_offsets_to_transaction(c.position(c.assignment()), c.consumer_group_metadata(), 20)
        if n == 0 and not a.get('kept'):
            p.abort_transaction(20)  # and once more
            a['kept'] = True
            c.seek(__import__('confluent_kafka').TopicPartition(batch[0].topic(), 0, batch[0].offset()))
            continue
        p.commit_transaction(20)
        n += len(batch)
    say(done=n)
    c.close()
else:
    p.begin_transaction()
    p.produce(a['to'], b'never committed')
    p.flush(10)
    say(open=True)
    time.sleep(8)
    try:
        p.commit_transaction(10)
        say(committed=True)
    except Exception as e:
        say(committed=False)
    import os; os._exit(0)
`;

  async function interpreter(skip: (reason: string) => never): Promise<string> {
    const found = await pythonWithKafka();
    if ('python' in found) return found.python;
    expect(process.env['CI'], found.missing).not.toBe('true');
    return skip(`confluent-kafka could not be had: ${found.missing}`);
  }

  test('confluent-kafka reads, writes and commits offsets exactly once', async ({ skip }) => {
    const python = await interpreter(skip);
    const producer = past.producer();
    await producer.connect();
    const messages = Array.from({ length: 12 }, (_, n) => ({ value: `m${n}` }));
    await producer.send({ topic: topic('open.source'), messages });
    await producer.disconnect();
    const admin = past.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: topic('open.sink'), numPartitions: 1 }] });
    const group = `${prefix}alice.pipe`;
    const run = runPython(python, pythonClient, {
      do: 'pipe',
      address: world.address,
      id: `${prefix}alice.pipe`,
      from: topic('open.source'),
      to: topic('open.sink'),
      group,
      count: 12,
    });
    const { code, stderr } = await run.ended;
    expect([code, run.lines], stderr).toEqual([0, [{ done: 12 }]]);
    expect(await read('open.sink', 12, '--isolation-level', 'read_committed')).toEqual(
      messages.map(({ value }) => `did ${value}`),
    );
    await expect
      .poll(async () => (await admin.fetchOffsets({ groupId: group, topics: [topic('open.source')] }))[0]?.partitions)
      .toMatchObject([{ offset: '12' }]);
    await admin.disconnect();
    expect([used.has('AddOffsetsToTxn'), used.has('TxnOffsetCommit')]).toEqual([true, true]);
  });

  test('what is open when the right ends is aborted by the gateway, and readers go on', async ({ skip }) => {
    const python = await interpreter(skip);
    await world.apply(allowing());
    const id = 'alice.open'; // the grant's own; not what the standing policy gives
    const opened = Promise.withResolvers<void>();
    const arguments_ = { do: 'open', address: world.address, id, to: topic('granted') };
    const run = runPython(python, pythonClient, arguments_, (line) => line['open'] && opened.resolve());
    await Promise.race([opened.promise, run.ended]);
    expect(run.lines).toEqual([{ open: true }]);
    await world.apply(denying());
    await expect
      .poll(() => world.recorder.of('cleanup').filter(({ what }) => what === 'end_txn'), { timeout: 5000 })
      .toMatchObject([{ name: id, ok: true, principal: 'alice' }]);
    // A reader of what is committed would wait a minute for the transaction's timeout otherwise.
    const producer = past.producer();
    await producer.connect();
    await producer.send({ topic: topic('granted'), messages: [{ value: 'after' }] });
    await producer.disconnect();
    const consumer = past.consumer({ groupId: `${prefix}reader` });
    const values: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic: topic('granted'), fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!.toString());
      },
    });
    await expect.poll(() => values.at(-1), { timeout: 20_000 }).toBe('after');
    await consumer.disconnect();
    expect(values).not.toContain('never committed');
    await run.ended;
    expect(run.lines.at(-1)).toEqual({ committed: false });
  });
});
