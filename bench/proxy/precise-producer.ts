/** One producer at a constant rate through a target: prepares the frames, and has the precise part done by a program in Go. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BugError } from '../../core/errors/sluice-error.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { defaultProduceRequest } from '../../gateway/kafka/wire/generated/produce.ts';
import { goSources } from '../../test/support/go-program.ts';
import { RawClient, requestFrame } from '../../test/support/raw-client.ts';
import { batchOf } from '../../test/support/record-batches.ts';
import { record, type Target } from './targets.ts';

/** Microseconds from a request to its answer. */
export interface PreciseResult {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly sent: number;
  /** Requests a second that were really made. */
  readonly rate: number;
  /** CPU seconds of the producer itself, of the core that it shares with the broker. */
  readonly cpu: number;
}

const produceVersion = 13;

/** Sends `rate` requests a second, each with one record of 1 KiB and acks=all. */
export async function producePrecisely(target: Target, rate: number, seconds: number): Promise<PreciseResult> {
  const job = {
    port: target.port,
    rate,
    seconds,
    opening: loginFrames(target.token).map((frame) => frame.toString('hex')),
    frame: (await produceFrame(target)).toString('hex'),
  };
  const program = await goSources(join(import.meta.dirname, 'precise-producer'), 'precise-producer');
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'], env: { GOMAXPROCS: '1' } });
  const timer = setTimeout(() => child.kill('SIGKILL'), (seconds + 60) * 1000);
  child.stdin.end(JSON.stringify(job));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (code !== 0) throw new BugError(`the precise producer ended with ${String(code)}`);
  return JSON.parse(stdout) as PreciseResult;
}

function loginFrames(token: string | undefined): Buffer[] {
  if (token === undefined) return [];
  return [
    requestFrame(apis.SaslHandshake, 1, { mechanism: 'PLAIN' }),
    requestFrame(apis.SaslAuthenticate, 2, { authBytes: Buffer.from(`\0alice\0${token}`) }),
  ];
}

async function produceFrame({ port, topic, token }: Target): Promise<Buffer> {
  using client = await RawClient.open(port);
  if (token !== undefined) await client.login(token);
  const { topics } = await client.ask(apis.Metadata, 12, {
    ...defaultMetadataRequest,
    allowAutoTopicCreation: false,
    topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: topic }],
  });
  const partitionData = [{ index: 0, records: batchOf([record()]) }];
  return requestFrame(apis.Produce, produceVersion, {
    ...defaultProduceRequest,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: '', topicId: topics[0]!.topicId, partitionData }],
  });
}
