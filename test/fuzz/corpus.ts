/**
 * Frames to begin from: those that were recorded of real clients and brokers, and some of every API and version that
 * clients may use, with names, ids and batches that mean something to the fuzzer's gateway.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { codecs } from '../../core/bytes/compression.ts';
import { Writer } from '../../core/bytes/writer.ts';
import { table } from '../../gateway/kafka/enforce/table.ts';
import type { AnyApi } from '../../gateway/kafka/wire/api.ts';
import { apiByKey, apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { RequestHeader, writeRequestHeader } from '../../gateway/kafka/wire/request-header.ts';
import { writeResponseHeader } from '../../gateway/kafka/wire/response-header.ts';
import { apiFacts, messageOf } from '../support/kafka-messages.ts';
import { batchOf } from '../support/record-batches.ts';
import type { Random } from './random.ts';

/** A whole request frame of an API and version. */
export interface Seed {
  readonly api: AnyApi;
  readonly version: number;
  readonly bytes: Buffer;
}

export interface Corpus {
  readonly requests: readonly Seed[];
  /** Answers by `key version`; their correlation id is to be set. */
  readonly answers: ReadonlyMap<string, readonly Buffer[]>;
}

/** What alice may write and read, what is masked for her, what she may not see. */
const hers = ['open', 'open.more', 'masked', 'masked.more'];
const topics = [...hers, 'granted', 'secret', '__consumer_offsets', ''];
export const topicIds: ReadonlyMap<string, string> = new Map(
  topics.map((name, i) => [Buffer.alloc(16, i + 1).toString('base64url'), name]),
);
const groups = ['alice.group', 'console-consumer-1', 'other', ''];
const transactions = ['alice.tx', 'other.tx', null];

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
const perVersion = 4;

export function corpus(random: Random): Corpus {
  const requests: Seed[] = [];
  const answers = new Map<string, Buffer[]>();
  const addAnswer = (key: number, version: number, bytes: Buffer): void => {
    const name = `${key} ${version}`;
    answers.set(name, [...(answers.get(name) ?? []), bytes]);
  };
  for (const { direction, bytes, api, version } of recorded()) {
    if (direction === 'request') requests.push({ api, version, bytes });
    else addAnswer(api.key, version, bytes);
  }
  for (const { key, min, max } of allowed()) {
    const api = apiByKey.get(key)!;
    const facts = apiFacts.find((one) => one.key === key)!;
    for (let version = min; version <= max; version++) {
      const sample = (side: 'request' | 'response'): unknown[] =>
        fc
          .sample(messageOf(facts[side], version), { numRuns: perVersion, seed: random.below(1 << 30) })
          .map((message) => seasoned(message, '', random));
      for (const message of sample('request')) requests.push({ api, version, bytes: requestOf(api, version, message) });
      for (const message of sample('response')) addAnswer(key, version, answerOf(api, version, message));
    }
  }
  return { requests, answers };
}

function allowed(): { key: number; min: number; max: number }[] {
  const login = [apis.ApiVersions, apis.SaslHandshake, apis.SaslAuthenticate];
  return [...[...table].map(([key, { min, max }]) => ({ key, min, max })), ...login];
}

function recorded(): (Seed & { direction: string })[] {
  const folder = new URL('../fixtures/kafka/frames/', import.meta.url);
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const [, name, version, direction] = /^# (\w+) v(\d+) (request|response)/.exec(text)!;
    const api = [...apiByKey.values()].find((one) => one.name === name)!;
    if (!table.has(api.key)) return [];
    const bytes = Buffer.from(text.replace(/^#.*$/gm, '').replace(/\s/g, ''), 'hex');
    return [{ api, version: Number(version), direction: direction!, bytes }];
  });
}

function requestOf(api: AnyApi, version: number, message: unknown): Buffer {
  const w = new Writer();
  const length = w.reserveInt32();
  const header = { apiKey: api.key, apiVersion: version, correlationId: 1, clientId: 'fuzz' };
  writeRequestHeader(w, api.requestHeaderVersion(version), header);
  api.writeRequest(w, version, message);
  w.patchInt32(length, w.byteLength - 4);
  return w.toBuffer();
}

function answerOf(api: AnyApi, version: number, message: unknown): Buffer {
  const w = new Writer();
  const length = w.reserveInt32();
  writeResponseHeader(w, api.responseHeaderVersion(version), 0);
  api.writeResponse(w, version, message);
  w.patchInt32(length, w.byteLength - 4);
  return w.toBuffer();
}

/** The same message with values where they matter; what has its default may be of another version. */
function seasoned(value: unknown, name: string, random: Random): unknown {
  if (Array.isArray(value)) return value.map((one) => seasoned(one, name, random));
  if (value instanceof Uint8Array) return name === 'records' ? records(random) : value;
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, seasoned(inner, key, random)]));
  }
  if (value === '' || value === 0 || value === -1 || value === zeroId) return value;
  if (typeof value === 'string') {
    if (/^(topicId|topicIds)$/.test(name))
      return random.pick([...topicIds.keys()].slice(0, random.oneIn(2) ? topics.length : hers.length));
    if (/topic|^name$|resourceName/i.test(name)) return random.pick(random.oneIn(2) ? topics : hers);
    if (/group/i.test(name)) return random.pick(random.oneIn(2) ? groups : ['alice.group']);
    if (name === 'transactionalId') return random.pick(transactions) ?? value;
  }
  if (name === 'acks') return random.pick([-1, 1, 0]);
  if (name === 'sessionEpoch' || name === 'shareSessionEpoch') return random.pick([-1, 0, 1, 2]);
  if (name === 'errorCode') return random.pick([0, 0, 0, 3, 6, 29, 100]);
  if (name === 'nodeId' || name === 'leaderId' || name === 'brokerId') return random.pick([1, 2, 3, -1]);
  if (/^partition(Index|Id)?$|^index$/.test(name)) return random.pick([0, 1, 2]);
  return value;
}

function records(random: Random): Buffer {
  const value = (): string | null =>
    random.pick([
      JSON.stringify({ card: '4111 1111 1111 1111', ssn: '219-12-3456', list: [{ deep: { ssn: 'x' } }] }),
      JSON.stringify({ a: 'é'.repeat(random.below(300)), n: [1, null, { ssn: 1 }] }),
      'not JSON',
      null,
    ]);
  const batch = (): Buffer =>
    batchOf(Array.from({ length: 1 + random.below(3) }, value), {
      codec: random.pick(codecs),
      baseOffset: BigInt(random.below(1000)),
      attributes: random.pick([0, 0, 0, 0x10, 0x20, 0x08]),
    });
  return Buffer.concat(Array.from({ length: random.pick([1, 1, 2]) }, batch));
}

/** Where a request's body begins, as the gateway sees it. */
export function headerOf(frame: Buffer): RequestHeader {
  return new RequestHeader().read(frame);
}
