import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import { Authenticator } from '../../gateway/identity/authenticator.ts';
import { TokenVerifier } from '../../gateway/identity/token-verifier.ts';
import { accessPolicies, grantUntil } from '../support/access-policies.ts';
import { type KafkaTool, runKafkaTool, type ToolOptions } from '../support/kafka-broker.ts';
import { type OidcIssuer, startIssuer } from '../support/oidc-issuer.ts';
import { type ProxyWorld, proxyWorld } from '../support/proxy-world.ts';
import { pythonWithKafka, runPython } from '../support/python-client.ts';
import { snapshotOf } from '../support/snapshot.ts';

const kafka = inject('kafka');
const prefix = 'clients.';
const topic = (name: string): string => prefix + name;
const card = '4111 1111 1111 1111';
/** Turns what kafkajs throws into the type that it, or its cause, has. */
const typeOf = (error: { type?: string; cause?: { type?: string } }): string | undefined =>
  error.type ?? error.cause?.type;
const refused = 'TOPIC_AUTHORIZATION_FAILED';

let issuer: OidcIssuer;
let world: ProxyWorld;
let policies: ReturnType<typeof accessPolicies>;
let python: Awaited<ReturnType<typeof pythonWithKafka>>;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  issuer = stack.use(await startIssuer({ names: ['alice', 'bob'] }));
  policies = accessPolicies(prefix, { from: issuer.issuer, maskOn: 'consume' });
  const trusted = { issuer: issuer.issuer, audience: issuer.audience, algorithms: ['ES256'] };
  const verifier = new TokenVerifier(
    [{ ...trusted, jwksUri: undefined, tokenType: undefined, maxAge: undefined } as never],
    systemClock,
  );
  const authenticator = new Authenticator(verifier, () => world.snapshots.current?.policies, systemClock);
  world = await proxyWorld({
    broker: { host: kafka.host, port: kafka.port, user: kafka.adminUser, password: kafka.adminPassword },
    snapshot: snapshotOf(policies),
    authenticate: (token, user) => authenticator.authenticate(token, user),
  });
  stack.defer(async () => {
    await world[Symbol.asyncDispose]();
    // The last claim of this file: nothing of the gateway is left at the broker.
    expect(await leftovers()).toEqual([]);
    expect(world.debts).toEqual([]);
  });
  const admin = adminClient().admin();
  await admin.connect();
  const names = [
    'open',
    'masked',
    'granted',
    'secret',
    'masked.bad',
    'granted.kafkajs',
    'granted.java',
    'granted.python',
  ];
  await admin.createTopics({
    topics: names.map((name) => ({ topic: topic(name), numPartitions: 1 })),
  });
  const producer = adminClient().producer();
  await producer.connect();
  await producer.send({ topic: topic('secret'), messages: [{ value: 'top secret' }] });
  await producer.send({ topic: topic('masked.bad'), messages: [{ value: `not json ${card}` }] });
  await producer.disconnect();
  await admin.disconnect();
  // The group coordinator of a new broker is not there at once.
  for (let tries = 0, ready = false; !ready && tries < 30; tries++) {
    ready = await consume(adminClient(), topic('secret'), 'warm-up', 1).then(
      () => true,
      () => sleepAlive(300).then(() => false),
    );
  }
  python = await pythonWithKafka();
});
afterAll(async () => {
  await stack.disposeAsync();
});

function adminClient(): Kafka {
  return new Kafka({
    clientId: 'test-admin',
    brokers: [kafka.bootstrap],
    sasl: { mechanism: 'scram-sha-512', username: kafka.adminUser, password: kafka.adminPassword },
    logLevel: logLevel.NOTHING,
  });
}

async function clientOf(name: string): Promise<Kafka> {
  return new Kafka({
    clientId: name,
    brokers: [world.address],
    sasl: { mechanism: 'plain', username: name, password: await issuer.token(name) },
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
}

/** Users and ACLs of the gateway that the broker has, as Kafka's own tools list them. */
async function leftovers(): Promise<string[]> {
  const config = join(kafka.folder, 'leftovers.properties');
  writeFileSync(
    config,
    `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${kafka.adminUser}" password="${kafka.adminPassword}";\n`,
  );
  const common = ['--bootstrap-server', kafka.bootstrap, '--command-config', config];
  const [users, acls] = await Promise.all([
    runKafkaTool(kafka.libs, 'kafka-configs', [...common, '--describe', '--entity-type', 'users']),
    runKafkaTool(kafka.libs, 'kafka-acls', [...common, '--list']),
  ]);
  expect([users.exitCode, acls.exitCode]).toEqual([0, 0]);
  return [...`${users.stdout}${acls.stdout}`.matchAll(/sluice-gw-test-[0-9a-f-]+/g)].map(([name]) => name);
}

async function consume(
  client: Kafka,
  from: string,
  group: string,
  count: number,
  timeoutMs = 20_000,
): Promise<string[]> {
  const consumer = client.consumer({
    groupId: group,
    maxWaitTimeInMs: 200,
    retry: { retries: 8, initialRetryTime: 300 },
  });
  const values: string[] = [];
  const done = Promise.withResolvers<void>();
  consumer.on('consumer.crash', ({ payload }) => done.reject(payload.error));
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: from, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        values.push(message.value?.toString() ?? '');
        if (values.length >= count) done.resolve();
        return Promise.resolve();
      },
    });
    await Promise.race([done.promise, sleepAlive(timeoutMs)]);
    return values;
  } finally {
    await Promise.race([consumer.disconnect().catch(() => undefined), sleepAlive(3000)]);
  }
}

function sleepAlive(ms: number): Promise<void> {
  const alive = setInterval(() => undefined, 1000);
  return sleep(systemClock, ms).finally(() => clearInterval(alive));
}

/** A Java tool as alice, with her token as the password. */
async function javaTool(
  tool: KafkaTool,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<Awaited<ReturnType<typeof runKafkaTool>>> {
  const token = await issuer.token('alice');
  const config = join(kafka.folder, `${tool}-${++files}.properties`);
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const jaas = `sasl.jaas.config=${module} required username="alice" password="${token}";`;
  writeFileSync(config, ['security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN', jaas, ''].join('\n'));
  const where = ['--bootstrap-server', world.address, '--command-config', config];
  return await runKafkaTool(kafka.libs, tool, [...args, ...where], options);
}
let files = 0;

const pythonClient = `
import json, sys, time
from confluent_kafka import Consumer, Producer, KafkaException
a = json.loads(sys.argv[1])
say = lambda **k: print(json.dumps(k), flush=True)
common = {'bootstrap.servers': a['address'], 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN',
          'sasl.username': 'alice', 'sasl.password': a['token'], **a.get('config', {})}
if a['do'] == 'produce':
    p = Producer({**common, 'message.timeout.ms': 15000})
    p.produce(a['topic'], a['value'].encode(), on_delivery=lambda e, m: say(error=e and e.code(), offset=m.offset()))
    p.flush(20)
elif a['do'] == 'list':
    m = Producer(common).list_topics(timeout=10)
    say(topics=sorted(m.topics), brokers=[f'{b.host}:{b.port}' for b in m.brokers.values()])
else:
    c = Consumer({**common, 'group.id': a['group'], 'auto.offset.reset': 'earliest', 'check.crcs': True, 'fetch.wait.max.ms': 200})
    c.subscribe([a['topic']])
    n, end = 0, time.time() + a.get('seconds', 20)
    while time.time() < end and n < a.get('count', 1 << 30):
        m = c.poll(0.2)
        if m is None: continue
        if m.error():
            say(error=m.error().code(), at=time.time() * 1000)
            import os; os._exit(0)  # closing would wait for a group that it may not leave any more
            continue
        n += 1
        say(value=m.value().decode(), at=time.time() * 1000)
    c.close()
`;

function needPython(skip: (reason: string) => never): string {
  if ('python' in python) return python.python;
  expect(process.env['CI'], python.missing).not.toBe('true');
  return skip(`confluent-kafka could not be had: ${python.missing}`);
}

async function pythonDo(interpreter: string, what: object): Promise<readonly Record<string, unknown>[]> {
  const run = runPython(interpreter, pythonClient, {
    address: world.address,
    token: await issuer.token('alice'),
    ...what,
  });
  const { code, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  return run.lines;
}

describe('kafkajs', () => {
  test('is refused what alice may not do, and told nothing of it', async () => {
    const client = await clientOf('alice');
    const admin = client.admin();
    await admin.connect();
    const { topics, brokers } = { ...(await admin.fetchTopicMetadata()), ...(await admin.describeCluster()) };
    expect(topics.map(({ name }) => name)).toContain(topic('open'));
    expect(topics.map(({ name }) => name).filter((name) => /secret|granted|consumer_offsets/.test(name))).toEqual([]);
    const ports = new Set(brokers.map(({ port }) => port));
    expect(ports).not.toContain(kafka.port);
    expect(await admin.fetchTopicMetadata({ topics: [topic('secret')] }).catch(typeOf)).toBe(refused);
    await admin.disconnect();
    const producer = client.producer();
    await producer.connect();
    expect(await producer.send({ topic: topic('secret'), messages: [{ value: 'x' }] }).catch(typeOf)).toBe(refused);
    await producer.disconnect();
    await expect(consume(client, topic('open'), 'somebody-elses', 1)).rejects.toThrow(/[Gg]roup/);
    await expect(consume(await clientOf('bob'), topic('open'), `${prefix}alice.x`, 1)).rejects.toThrow(/authoriz/i);
  });

  test('is refused a value that cannot be masked', async () => {
    expect(await consume(await clientOf('alice'), topic('masked.bad'), `${prefix}alice.bad`, 1).catch(typeOf)).toBe(
      refused,
    );
  });
});

describe('the Java client', () => {
  test('is refused a topic and a group', async () => {
    const [write, read, group] = await Promise.all([
      javaTool('kafka-console-producer', ['--topic', topic('secret')], { stdin: 'x\n' }),
      javaTool('kafka-console-consumer', ['--topic', topic('secret'), '--timeout-ms', '15000']),
      javaTool('kafka-console-consumer', ['--topic', topic('open'), '--group', 'no', '--timeout-ms', '15000']),
    ]);
    expect(write.stderr + write.stdout).toMatch(/TopicAuthorizationException|TOPIC_AUTHORIZATION_FAILED/);
    expect(read.stderr + read.stdout).toMatch(/TopicAuthorizationException|TOPIC_AUTHORIZATION_FAILED/);
    expect(group.stderr + group.stdout).toMatch(/GroupAuthorizationException/);
  });
});

describe('confluent-kafka for Python', () => {
  test('is refused, and told of nothing that alice may not see', async ({ skip }) => {
    const interpreter = needPython(skip);
    const [[sent], read, group, [listed]] = await Promise.all([
      pythonDo(interpreter, { do: 'produce', topic: topic('secret'), value: 'x' }),
      pythonDo(interpreter, { do: 'consume', topic: topic('secret'), group: `${prefix}alice.py`, seconds: 15 }),
      pythonDo(interpreter, { do: 'consume', topic: topic('open'), group: 'no', seconds: 15 }),
      pythonDo(interpreter, { do: 'list' }),
    ]);
    expect(sent?.['error']).toBe(29);
    expect(read.map(({ error }) => error)).toEqual([29]);
    expect(group.map(({ error }) => error)).toEqual([30]);
    expect(listed?.['topics']).not.toContain(topic('secret'));
    expect(JSON.stringify(listed?.['brokers'])).not.toContain(`:${kafka.port}`);
  });
});

describe("a grant's end", () => {
  /** Writes to a granted topic all the time, past the gateway; stops when disposed of. */
  async function writer(to: string): Promise<AsyncDisposable> {
    const producer = adminClient().producer();
    await producer.connect();
    let on = true;
    const loop = (async () => {
      while (on) {
        await producer.send({ topic: to, messages: [{ value: `at ${systemClock.now()}` }] });
        await sleepAlive(20);
      }
    })();
    return {
      [Symbol.asyncDispose]: async () => {
        on = false;
        await loop.catch(() => undefined);
        await producer.disconnect();
      },
    };
  }

  /** What a client saw, by the clock of this machine. */
  function check(client: string, end: number, values: readonly string[], lastAt: number, noticedAt: number): void {
    const late = values.filter((value) => Number(value.slice(3)) >= end);
    process.stdout.write(
      `${client}: end -> client sees it ${Math.round(noticedAt - end)} ms; last record ${Math.round(lastAt - end)} ms` +
        '\n',
    );
    expect(values.length).toBeGreaterThan(5);
    expect(late).toEqual([]);
    expect(noticedAt - end).toBeLessThan(1500);
  }

  test('stops a kafkajs consumer', async () => {
    const to = topic('granted.kafkajs');
    const end = systemClock.now() + 6000;
    await world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
    await using _ = await writer(to);
    const consumer = (await clientOf('alice')).consumer({
      groupId: `${prefix}granted.end`,
      maxWaitTimeInMs: 100,
      retry: { retries: 0 },
    });
    const values: string[] = [];
    let lastAt = 0;
    let noticedAt = 0;
    consumer.on('consumer.crash', () => (noticedAt ||= systemClock.now()));
    consumer.on('consumer.network.request_timeout', () => (noticedAt ||= systemClock.now()));
    await consumer.connect();
    await consumer.subscribe({ topic: to, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        values.push(message.value!.toString());
        lastAt = systemClock.now();
        return Promise.resolve();
      },
    });
    while (noticedAt === 0 && systemClock.now() < end + 5000) await sleepAlive(10);
    await Promise.race([consumer.disconnect().catch(() => undefined), sleepAlive(2000)]);
    check('kafkajs', end, values, lastAt, noticedAt);
    // The group need not wait for its session timeout: the gateway left it.
    await expect.poll(() => world.recorder.of('cleanup').filter(({ ok }) => ok).length).toBeGreaterThan(0);
    const admin = adminClient().admin();
    await admin.connect();
    await expect
      .poll(async () => (await admin.describeGroups([`${prefix}granted.end`])).groups[0]?.members.length)
      .toBe(0);
    await admin.disconnect();
  });

  test('stops a Java consumer', async () => {
    const to = topic('granted.java');
    const end = systemClock.now() + 9000;
    await world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
    await using _ = await writer(to);
    const ran = await javaTool('kafka-console-consumer', [
      ...['--topic', to, '--group', `${prefix}granted.end-java`, '--from-beginning', '--timeout-ms', '20000'],
      ...['--command-property', 'fetch.max.wait.ms=100'],
    ]);
    const noticedAt = systemClock.now(); // includes the end of the JVM
    const values = ran.stdout
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('at '));
    expect(ran.stderr + ran.stdout).toMatch(/AuthorizationException/);
    check('java (with the end of its JVM)', end, values, Number(values.at(-1)?.slice(3)), noticedAt);
  });

  test('stops a librdkafka consumer', async ({ skip }) => {
    const interpreter = needPython(skip);
    const to = topic('granted.python');
    const end = systemClock.now() + 7000;
    await world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
    await using _ = await writer(to);
    const what = { do: 'consume', topic: to, group: `${prefix}granted.end-py`, seconds: 15 };
    const lines = await pythonDo(interpreter, what);
    const values = lines.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
    const lastAt = Number(lines.filter(({ value }) => value).at(-1)?.['at']);
    const noticedAt = Number(lines.find(({ error }) => error !== undefined)?.['at']);
    check('confluent-kafka', end, values, lastAt, noticedAt);
  });
});
