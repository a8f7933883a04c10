/**
 * What the gateway costs in the data path, beside the broker alone and a raw relay: latency at a constant rate, the
 * most that goes through, CPU per GB, memory, idle consumers. Broker and clients have one core, what stands between
 * the other. Targets take turns, round robin; medians of the rounds after a warm-up, of several rounds where there are
 * few frames: V8 runs what it has not seen often slowly.
 *
 *   node bench/proxy.ts [--rounds 3] [--warm-up 3] [--seconds 10] [--only NAME,…]
 *                       [--skip latency,produce,consume,idle] [--workers N] [--codec zstd] [--with kafka-proxy,kroxylicious]
 *                       [--broker-port PORT --peer NAME=[USER:PASSWORD@]127.0.0.1:PORT,PID…]
 *
 * `--codec` has the broker compress the topics, of a thousand different records; what is said of GB is of what they are
 * uncompressed.
 *
 * `--with` fetches other proxies from package registries and measures them too, as the targets `kafka-proxy`,
 * `kroxylicious` and `kroxylicious upper case`. `--peer` measures a proxy that runs already, in front of a broker that
 * will listen, without security, on 127.0.0.1 and the port of `--broker-port`; the proxy has to tell its clients its own
 * address. Its clients log in with SCRAM-SHA-512, without TLS, where a user is given. All of them are pinned to the core of
 * what stands between. What was started here ends with the bench, also on Ctrl-C.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { runKafkaTool } from '../test/support/kafka-broker.ts';
import { idle } from './proxy/idle-consumers.ts';
import { peersWanted } from './proxy/peers.ts';
import { producePrecisely } from './proxy/precise-producer.ts';
import { cpuSeconds, memory } from './proxy/process-cost.ts';
import { clientProperties, pin, record, stage, type Target } from './proxy/targets.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string' },
    skip: { type: 'string', default: '' },
    workers: { type: 'string', default: '1' },
    with: { type: 'string', default: '' },
    peer: { type: 'string', multiple: true, default: [] },
    'broker-port': { type: 'string' },
    codec: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const warmUp = Number(values['warm-up']);
const seconds = Number(values.seconds);
const rate = 7_500;
const produceRecords = 600_000;
const consumeRecords = 1_200_000;
const bytesOfRecord = 1024;
const perGb = 1e9;
const fast = ['-Xmx512m', '-XX:TieredStopAtLevel=4'];

type Row = Record<string, number[]>;
const rows = new Map<string, Row>();

const wanted = peersWanted(values.with, values.peer, values['broker-port']);
await using stack = new AsyncDisposableStack();
let stop: NodeJS.Signals | undefined;
stack.defer(() => {
  if (stop) process.exit(128 + constants.signals[stop]); // the last to be done, and before what was broken off is heard of
});
const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
process.env['TMPDIR'] = dir; // so that one removal takes the folders of all
stack.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
const stopped = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stop = signal;
      reject(new TypeError(`stopped by ${signal}`));
    });
  }
});
/** Waits for what may take long, and no longer once a signal asks for the end. */
const unlessStopped = <T>(work: Promise<T>): Promise<T> => Promise.race([work, stopped]);
pin(process.pid, 0);
execFileSync('taskset', ['-V'], { stdio: 'ignore' });
const { broker, targets: all } = await unlessStopped(stage(stack, dir, wanted, Number(values.workers)));
const only = values.only?.split(',');
const targets = all.filter(({ name }) => !only || only.includes(name));
const payload = join(dir, 'payload');
const lines = values.codec === undefined ? [record()] : Array.from({ length: 1000 }, (_, i) => record(i));
writeFileSync(payload, `${lines.join('\n')}\n`);
await unlessStopped(prepare());

const kinds = [
  ['latency', latency, warmUp],
  ['produce', produce, warmUp],
  ['consume', consume, warmUp],
] as const;
const skipped = values.skip.split(',');
for (const [kind, measure, before] of kinds) {
  if (skipped.includes(kind)) continue;
  for (let round = 1 - before; round <= rounds; round++) {
    for (const target of targets) {
      const got = await unlessStopped(measure(target));
      process.stderr.write(
        `${kind} ${round < 1 ? 'warm-up' : `${round}/${rounds}`} ${target.name}: ${JSON.stringify(got)}\n`,
      );
      if (round > 0) for (const [name, value] of Object.entries(got)) note(target, name, value);
    }
  }
}
if (!skipped.includes('idle')) {
  const looked = new Set<number>();
  for (const target of targets) {
    if (target.caFile !== undefined || target.pid === undefined || looked.has(target.pid)) continue;
    looked.add(target.pid);
    for (const count of [100, 1000]) {
      const got = await unlessStopped(idle(target, count));
      process.stderr.write(`idle ${count} ${target.name}: ${JSON.stringify(got)}\n`);
      note(target, `idle ${count}: KB each`, got.kilobytesEach);
      note(target, `idle ${count}: CPU %`, got.cpuPercent);
    }
  }
}
print();

function note({ name }: Target, what: string, value: number): void {
  const row = rows.get(name) ?? {};
  rows.set(name, row);
  row[what] = [...(row[what] ?? []), value];
}

async function latency(target: Target): Promise<Record<string, number>> {
  if (target.caFile !== undefined) return {};
  const before = cost(target);
  const { p50, p95, p99, sent, version } = await producePrecisely(target, rate, seconds);
  const cpu = (cost(target) - before) / ((sent * bytesOfRecord) / perGb);
  return {
    'Produce v': version,
    'p50 µs': p50,
    'p95 µs': p95,
    'p99 µs': p99,
    ...(target.pid ? { 'CPU-s/GB at rate': cpu } : {}),
  };
}

async function produce(target: Target): Promise<Record<string, number>> {
  const before = cost(target);
  const properties = clientProperties(dir, target, [
    'acks=all',
    'batch.size=262144',
    'linger.ms=5',
    'buffer.memory=67108864',
  ]);
  const { stdout, stderr, exitCode } = await runKafkaTool(
    broker.libs,
    'kafka-producer-perf-test',
    [
      ...['--topic', target.topic, '--num-records', String(produceRecords), '--throughput', '-1'],
      ...['--payload-file', payload, '--command-config', properties, '--bootstrap-server', `127.0.0.1:${target.port}`],
    ],
    { jvm: fast, timeoutMs: 180_000 },
  );
  const found = /\(([\d.]+) MB\/sec\)(?!.*\(([\d.]+) MB\/sec\))/s.exec(stdout);
  if (exitCode !== 0 || !found) throw new TypeError(`the producer failed: ${stdout.slice(-500)}${stderr.slice(-2000)}`);
  const cpu = (cost(target) - before) / ((produceRecords * bytesOfRecord) / perGb);
  return {
    'produce MB/s': Number(found[1]) * 1.048_576,
    ...(target.pid ? { 'produce CPU-s/GB': cpu } : {}),
    ...peak(target),
  };
}

async function consume(target: Target): Promise<Record<string, number>> {
  const before = cost(target);
  const properties = clientProperties(dir, target, [
    'auto.offset.reset=earliest',
    'check.crcs=true',
    'x=1',
    'y=2',
    'z=3',
  ]);
  const { stdout, stderr, exitCode } = await runKafkaTool(
    broker.libs,
    'kafka-consumer-perf-test',
    [
      ...['--topic', target.topic, '--num-records', String(consumeRecords), '--group', `bench-${Math.random()}`],
      ...['--bootstrap-server', `127.0.0.1:${target.port}`, '--command-config', properties, '--timeout', '60000'],
    ],
    { jvm: fast, timeoutMs: 180_000 },
  );
  const lines = stdout.trim().split('\n');
  const names = lines.at(-2)?.split(/, ?/) ?? [];
  const fields = lines.at(-1)?.split(/, ?/) ?? [];
  const speed = Number(fields[names.findIndex((name) => name.trim() === 'fetch.MB.sec')]);
  if (exitCode !== 0 || !Number.isFinite(speed))
    throw new TypeError(`the consumer failed: ${stdout}${stderr.slice(-2000)}`);
  const cpu = (cost(target) - before) / ((consumeRecords * bytesOfRecord) / perGb);
  return { 'consume MB/s': speed * 1.048_576, ...(target.pid ? { 'consume CPU-s/GB': cpu } : {}), ...peak(target) };
}

function cost({ pid }: Target): number {
  return pid === undefined ? 0 : cpuSeconds(pid);
}

function peak({ pid }: Target): Record<string, number> {
  return pid === undefined ? {} : { 'peak MB': memory(pid).peak / 1e6 };
}

/** Topics of one partition, filled so that every consumer finds the same. */
async function prepare(): Promise<void> {
  const kafka = new Kafka({
    brokers: [broker.bootstrap],
    sasl: { mechanism: 'scram-sha-512', username: broker.adminUser, password: broker.adminPassword },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  const topics = ['bench.plain', 'bench.strict', 'bench.masked'];
  const configEntries = values.codec === undefined ? [] : [{ name: 'compression.type', value: values.codec }];
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 1, configEntries })) });
  await admin.disconnect();
  const direct = all[0]!;
  for (const topic of topics) {
    for (let n = 0; n < consumeRecords; n += produceRecords) await produce({ ...direct, topic });
  }
}

function print(): void {
  const names = [...new Set([...rows.values()].flatMap((row) => Object.keys(row)))];
  const table = [['target', ...names]];
  for (const [name, row] of rows) {
    table.push([name, ...names.map((what) => (row[what] ? format(median(row[what])) : '–'))]);
  }
  const widths = table[0]!.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`;
  process.stdout.write(line(table[0]!));
  process.stdout.write(line(widths.map((width) => '-'.repeat(width))));
  for (const cells of table.slice(1)) process.stdout.write(line(cells));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
