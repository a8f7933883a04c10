/**
 * One producer at a constant rate, one record in each request, acks=all: how long each took, in microseconds.
 * `node precise-producer.ts '{"port":…,"topic":…,"rate":…,"seconds":…,"record":…,"token"?:…}'` prints JSON. A thread
 * that sleeps to the microsecond says when; timers alone are good for milliseconds only.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { defaultProduceRequest } from '../../gateway/kafka/wire/generated/produce.ts';
import { RawClient, requestFrame } from '../../test/support/raw-client.ts';
import { batchOf } from '../../test/support/record-batches.ts';

export interface PreciseJob {
  readonly port: number;
  readonly topic: string;
  readonly rate: number;
  readonly seconds: number;
  readonly record: string;
  /** Logs in with PLAIN when it is given. */
  readonly token?: string;
}
export interface PreciseResult {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly sent: number;
  readonly rate: number;
}

const produceVersion = 13;

if (isMainThread) {
  const job = JSON.parse(process.argv[2] ?? '') as PreciseJob;
  process.stdout.write(`${JSON.stringify(await run(job))}\n`);
} else {
  tick(workerData as { intervalMs: number });
}

function tick({ intervalMs }: { intervalMs: number }): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let next = performance.now(); ; next += intervalMs) {
    const left = next - performance.now();
    if (left > 0) Atomics.wait(cell, 0, 0, left);
    parentPort?.postMessage(0);
  }
}

async function run(job: PreciseJob): Promise<PreciseResult> {
  using client = await RawClient.open(job.port);
  if (job.token !== undefined) await client.login(job.token);
  const { topics } = await client.ask(apis.Metadata, 12, {
    ...defaultMetadataRequest,
    allowAutoTopicCreation: false,
    topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: job.topic }],
  });
  const frame = requestFrame(apis.Produce, produceVersion, {
    ...defaultProduceRequest,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      { name: '', topicId: topics[0]!.topicId, partitionData: [{ index: 0, records: batchOf([job.record]) }] },
    ],
  });
  const sentAt: number[] = [];
  const took: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const total = job.rate * job.seconds;
  const warm = Math.floor(total / 10);
  let sent = 0;
  let answered = 0;
  const socket = client.socket;
  socket.removeAllListeners('data');
  socket.on('error', reject);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const now = performance.now();
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      rest = rest.subarray(4 + rest.readInt32BE(0));
      if (answered++ >= warm) took.push((now - sentAt[answered - 1]!) * 1000);
    }
    if (answered >= total) resolve();
  });
  const worker = new Worker(new URL(import.meta.url), { workerData: { intervalMs: 1000 / job.rate } });
  const begin = performance.now();
  worker.on('message', () => {
    if (sent >= total) return;
    sentAt.push(performance.now());
    sent++;
    socket.write(frame);
  });
  await promise;
  const rate = total / ((performance.now() - begin) / 1000);
  await worker.terminate();
  took.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * q))] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), sent: total, rate };
}
