/**
 * One producer at a constant rate through a target: logs in, tries the request to repeat, and hands the connection on to a
 * program in Go for the precise part.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BugError } from '../../core/errors/sluice-error.ts';
import { defaultApiVersionsRequest } from '../../gateway/kafka/wire/generated/api-versions.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { defaultProduceRequest, type ProduceResponse } from '../../gateway/kafka/wire/generated/produce.ts';
import { goSources } from '../../test/support/go-program.ts';
import { type RawClient, requestFrame } from '../../test/support/raw-client.ts';
import { batchOf } from '../../test/support/record-batches.ts';
import { openClient } from './login.ts';
import { record, type Target } from './targets.ts';

/** Microseconds from a request to its answer. */
export interface PreciseResult {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly sent: number;
  /** Of Produce: the newest that the target offers of those that are made here. */
  readonly version: number;
  /** Requests a second that were really made. */
  readonly rate: number;
  /** CPU seconds of the producer itself, of the core that it shares with the broker. */
  readonly cpu: number;
}

/** Names topics by their ids; before, by their names. */
const newestProduce = 13;
const noId = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Sends `rate` requests a second, each with one record of 1 KiB and acks=all. */
export async function producePrecisely(target: Target, rate: number, seconds: number): Promise<PreciseResult> {
  const program = await goSources(join(import.meta.dirname, 'precise-producer'), 'precise-producer');
  using client = await openClient(target);
  const { frame, version } = await produceFrame(client, target.topic);
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit', client.socket], env: { GOMAXPROCS: '1' } });
  const timer = setTimeout(() => child.kill('SIGKILL'), (seconds + 60) * 1000);
  child.stdin!.end(JSON.stringify({ rate, seconds, frame: frame.toString('hex') }));
  let stdout = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (code !== 0) throw new BugError(`the precise producer ended with ${String(code)}`);
  return { ...(JSON.parse(stdout) as Omit<PreciseResult, 'version'>), version };
}

/** The request to repeat, once seen accepted: the program in Go does not read answers. */
async function produceFrame(client: RawClient, topic: string): Promise<{ frame: Buffer; version: number }> {
  const { apiKeys } = await client.ask(apis.ApiVersions, 0, defaultApiVersionsRequest);
  const offered = apiKeys.find(({ apiKey }) => apiKey === apis.Produce.key)?.maxVersion ?? 0;
  const version = Math.min(newestProduce, offered);
  const { topics } = await client.ask(apis.Metadata, 12, {
    ...defaultMetadataRequest,
    allowAutoTopicCreation: false,
    topics: [{ topicId: noId, name: topic }],
  });
  const partitionData = [{ index: 0, records: batchOf([record()]) }];
  const { topicId } = topics[0]!;
  const frame = requestFrame(apis.Produce, version, {
    ...defaultProduceRequest,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      version < newestProduce ? { name: topic, topicId: noId, partitionData } : { name: '', topicId, partitionData },
    ],
  });
  client.send(frame);
  const { responses } = await client.answer<ProduceResponse>(apis.Produce, version);
  const { errorCode } = responses[0]!.partitionResponses[0]!;
  if (errorCode !== 0) throw new BugError(`the precise producer's request is refused with ${errorCode}`);
  return { frame, version };
}
