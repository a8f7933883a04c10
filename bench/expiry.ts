/**
 * How late a grant ends, seen by its clients: a real broker, a real gateway process, records all the time, consumers in
 * the middle of reading. For each consumer, milliseconds from the grant's end to the last byte it got (negative: before
 * the end) and to the moment it knows (reset, or a denial). Beside it, what a timer and a socket's reset alone take in
 * one idle process in the same minute. `node bench/expiry.ts [grants]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dialTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { systemClock } from '../core/clock/clock.ts';
import { BugError } from '../core/errors/sluice-error.ts';
import { BrokerConnection } from '../gateway/kafka/upstream/broker-connection.ts';
import { dial } from '../gateway/kafka/upstream/dial.ts';
import { saslLogin } from '../gateway/kafka/upstream/sasl-login.ts';
import { apis } from '../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
} from '../gateway/kafka/wire/generated/fetch.ts';
import { defaultMetadataRequest } from '../gateway/kafka/wire/generated/metadata.ts';
import { writeGatewayConfig } from '../test/support/gateway-config.ts';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway-process.ts';
import { startKafka } from '../test/support/kafka-broker.ts';
import { type OidcIssuer, startIssuer } from '../test/support/oidc-issuer.ts';
import { makePolicyRepo } from '../test/support/policy-repo.ts';
import { runSluice } from '../test/support/run-sluice.ts';
import { storyNames, storyPeople, storyPolicies } from '../test/support/story-policies.ts';

const rounds = Number(process.argv[2] ?? 5);
const rawConsumers = 4;
const topic = 'bench.payments';
const fetchVersion = 11;

/** ms after the end of the grant. */
interface Seen {
  readonly lastByte: number;
  readonly knows: number;
}

const now = (): number => systemClock.now(); // whole ms, the clock that the end is said in
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

await using stack = new AsyncDisposableStack();
const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
stack.defer(() => rmSync(dir, { recursive: true, force: true }));
const broker = stack.use(await startKafka());
const issuer = stack.use(await startIssuer({ names: [...storyNames] }));
const repo = makePolicyRepo(dir, [...storyPeople], storyPolicies({ issuer: issuer.issuer, prefix: 'bench.' }));
const gatewayDir = join(dir, 'gateway');
const config = writeGatewayConfig({
  dir: gatewayDir,
  repo,
  owners: ['olga'],
  issuer,
  clusters: [{ name: 'main', bootstrap: broker.bootstrap, user: broker.adminUser, password: broker.adminPassword }],
});
const gateway = stack.use(await startGatewayProcess(config, join(gatewayDir, 'gateway.log')));
const bootstrap = gateway.addresses.clusters['main']!;
await feed();
await tokenOf(issuer, 'alice');

const raw: Seen[] = [];
const kafkajs: Seen[] = [];
for (let round = 0; round < rounds; round++) {
  const end = await grant(gateway);
  const readers = [...Array.from({ length: rawConsumers }, () => readRaw(end)), readKafkajs(end, round)];
  const seen = await Promise.all(readers);
  raw.push(...seen.slice(0, rawConsumers));
  kafkajs.push(seen.at(-1)!);
  process.stdout.write(`grant ${round + 1} of ${rounds} has ended\n`);
}
const base = await baseline(raw.length);
say(
  'raw consumer: last byte after the end',
  raw.map(({ lastByte }) => lastByte),
);
say(
  'raw consumer: knows',
  raw.map(({ knows }) => knows),
);
say(
  'kafkajs: last byte after the end',
  kafkajs.map(({ lastByte }) => lastByte),
);
say(
  'kafkajs: knows',
  kafkajs.map(({ knows }) => knows),
);
say('timer + reset in an idle process', base);
const ratio = median(raw.map(({ knows }) => knows)) / Math.max(1, median(base));
process.stdout.write(`raw consumer knows ÷ timer + reset (at least the clock's 1 ms), medians: ×${ratio.toFixed(1)}\n`);

/** Records all the time, from behind the gateway. */
async function feed(): Promise<void> {
  const client = new Kafka({
    clientId: 'feed',
    brokers: [broker.bootstrap],
    sasl: { mechanism: 'scram-sha-512', username: broker.adminUser, password: broker.adminPassword },
    logLevel: logLevel.NOTHING,
  });
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const warm = client.consumer({ groupId: 'warm' }); // a new broker takes its time to load group coordinators
  await warm.connect();
  await warm.subscribe({ topic });
  await warm.run({ eachMessage: () => Promise.resolve() });
  await pause(3000);
  await warm.disconnect();
  const producer = client.producer();
  await producer.connect();
  const value = JSON.stringify({ card: '4111 1111 1111 1111', customer: { ssn: '219-12-3456' }, pad: 'x'.repeat(900) });
  let going = true;
  const sending = (async () => {
    while (going) {
      await producer.send({ topic, acks: 1, messages: Array.from({ length: 20 }, () => ({ value })) });
      await pause(10);
    }
  })();
  stack.defer(async () => {
    going = false;
    await sending.catch(() => undefined);
    await producer.disconnect();
  });
}

/** A grant of some seconds for alice, live now; its end in epoch ms. */
async function grant({ addresses }: GatewayProcess): Promise<number> {
  const asked = JSON.parse(
    await cli(
      'alice',
      ...['access', 'request', '--stream', 'payments', '--operation', 'consume', '--for', '6s'],
      ...['--reason', 'bench', '--format', 'json'],
    ),
  ) as { name: string };
  await cli('bob', 'approval', 'sign', asked.name, '--yes');
  await cli('bob', 'approval', 'merge', asked.name);
  for (let i = 0; i < 100; i++) {
    const ran = await runSluice(['gateway', 'status', '--socket', addresses.admin, '--format', 'json']);
    const { grants } = JSON.parse(ran.stdout) as { grants: { name: string; state: string; end: string }[] };
    const found = grants.find(({ name }) => name === asked.name);
    if (found?.state === 'Active') return Date.parse(found.end);
    if (found) throw new BugError(`the grant is ${found.state}`);
    await pause(50);
  }
  throw new BugError('the grant was not admitted');
}

async function cli(who: string, ...args: string[]): Promise<string> {
  const env = {
    SLUICE_REPO: repo.url,
    SLUICE_KEY: repo.keys[who]!.file,
    XDG_CACHE_HOME: join(dir, 'cache'),
    HOME: dir,
  };
  const ran = await runSluice(args, { env });
  if (ran.code !== 0) throw new BugError(`sluice ${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

function tokenOf(from: OidcIssuer, name: string): Promise<string> {
  return from.token(name);
}

/** Fetches one after another until it is thrown out. */
async function readRaw(end: number): Promise<Seen> {
  let [lastByte, closed] = [0, 0];
  const connection = await open(bootstrap, (socket) => {
    socket.on('close', () => undefined);
  });
  const { brokers } = await connection.request(apis.Metadata, 5, { ...defaultMetadataRequest, topics: [] });
  connection.close();
  const { host, port } = brokers[0]!;
  const reader = await open(`${host}:${port}`, (socket) => {
    socket.on('data', () => {
      lastByte = now();
    });
    socket.on('close', () => {
      closed = now();
    });
  });
  let fetchOffset = 0n;
  for (;;) {
    const partitions = [{ ...defaultFetchRequestFetchPartition, fetchOffset, partitionMaxBytes: 100_000 }];
    const topics = [{ ...defaultFetchRequestFetchTopic, topic, partitions }];
    const request = { ...defaultFetchRequest, maxWaitMs: 500, minBytes: 1, maxBytes: 100_000, topics };
    const answer = await reader.request(apis.Fetch, fetchVersion, request).catch(() => undefined);
    const found = answer?.responses[0]?.partitions[0];
    if (!found) return { lastByte: lastByte - end, knows: (closed || now()) - end };
    if (found.errorCode !== 0) {
      reader.close();
      return { lastByte: lastByte - end, knows: now() - end };
    }
    fetchOffset = found.highWatermark > fetchOffset + 50n ? found.highWatermark - 20n : found.highWatermark - 1n;
    if (fetchOffset < 0n) fetchOffset = 0n;
  }
}

async function open(address: string, watch: (socket: Socket) => void): Promise<BrokerConnection> {
  const [host, port] = address.split(':') as [string, string];
  const at = { host, port: Number(port) };
  const socket = await dial(at, { clock: systemClock, timeoutMs: 5000 });
  watch(socket);
  const connection = new BrokerConnection(socket, {
    clock: systemClock,
    address: at,
    clientId: 'bench',
    timeoutMs: 10_000,
  });
  await saslLogin(connection, { kind: 'plain', user: 'alice', password: await issuer.token('alice') });
  return connection;
}

/** An unmodified client; the last byte is its last record, and it knows when it crashes. */
async function readKafkajs(end: number, round: number): Promise<Seen> {
  const client = new Kafka({
    clientId: 'alice',
    brokers: [bootstrap],
    sasl: { mechanism: 'plain', username: 'alice', password: await issuer.token('alice') },
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const consumer = client.consumer({ groupId: `alice.bench-${round}`, maxWaitTimeInMs: 500, retry: { retries: 0 } });
  let lastByte = Number.NaN;
  const thrownOut = new Promise<number>((resolve) => {
    const after = (): void => {
      if (now() >= end) resolve(now());
    };
    consumer.on('consumer.crash', after);
    consumer.on('consumer.network.request_timeout', after);
    consumer.on('consumer.disconnect', after);
  });
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({
    eachMessage: () => {
      lastByte = now();
      return Promise.resolve();
    },
  });
  const knows = await Promise.race([thrownOut, pause(end - now() + 5000).then(() => Number.NaN)]);
  await Promise.race([consumer.disconnect().catch(() => undefined), pause(1000)]);
  return { lastByte: lastByte - end, knows: knows - end };
}

/** A timer that resets a socket, and the other end hearing of it. */
async function baseline(count: number): Promise<number[]> {
  const late: number[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  for (let i = 0; i < count; i++) {
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const client = dialTcp(port, '127.0.0.1');
    const socket = await accepted;
    const end = now() + 200;
    const closed = new Promise<number>((resolve) => {
      client.on('error', () => undefined);
      client.on('close', () => resolve(now()));
    });
    setTimeout(() => socket.resetAndDestroy(), end - now());
    client.resume();
    late.push((await closed) - end);
  }
  server.close();
  return late;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function say(what: string, values: readonly number[]): void {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const [least, most] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  const numbers = [least, median(sorted), most].map((value) => value.toFixed(1).padStart(8)).join(' /');
  process.stdout.write(`${what.padEnd(40)} ${numbers} ms  (min / median / max, N=${sorted.length})\n`);
}
