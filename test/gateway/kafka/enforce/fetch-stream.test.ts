import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cursor } from '../../../../core/bytes/cursor.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../../core/errors/sluice-error.ts';
import { summarizeBatches } from '../../../../gateway/kafka/enforce/batch-summary.ts';
import { FetchStream } from '../../../../gateway/kafka/enforce/fetch-stream.ts';
import {
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  type FetchResponse,
  readFetchResponse,
  writeFetchResponse,
} from '../../../../gateway/kafka/wire/generated/fetch.ts';
import { batchOf } from '../../../support/record-batches.ts';

const versions = Array.from({ length: 15 }, (_, i) => i + 4);
const ids: Readonly<Record<string, string>> = { open: 'AAAAAAAAAAAAAAAAAAAAAQ', other: 'AAAAAAAAAAAAAAAAAAAAAg' };
const nameOf = (topic: string, id: string): string => topic || Object.keys(ids).find((name) => ids[name] === id)!;

const blobs = fc.oneof(
  fc.constant(null),
  fc.constant(new Uint8Array()),
  fc
    .record({
      batches: fc.array(
        fc.record({
          values: fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 4 }),
          base: fc.bigInt({ min: 0n, max: 1n << 60n }),
          control: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      cut: fc.nat(120),
    })
    .map(({ batches, cut }) => {
      const whole = Buffer.concat(
        batches.map(({ values, base, control }) =>
          batchOf(values, { baseOffset: base, attributes: control ? 0x20 : 0 }),
        ),
      );
      return whole.subarray(0, whole.length - Math.min(cut, whole.length - 1));
    }),
  fc.uint8Array({ maxLength: 200 }),
);

const responses = (v: number): fc.Arbitrary<FetchResponse> =>
  fc
    .array(
      fc.record({
        name: fc.constantFrom('open', 'other'),
        partitions: fc.array(
          fc.record({
            partitionIndex: fc.nat(100),
            errorCode: fc.constantFrom(0, 0, 6),
            records: blobs,
            aborted: fc.array(fc.record({ producerId: fc.constant(7n), firstOffset: fc.constant(3n) }), {
              maxLength: 3,
            }),
          }),
          { maxLength: 4 },
        ),
      }),
      { maxLength: 4 },
    )
    .map((topics) => ({
      ...defaultFetchResponse,
      responses: topics.map(({ name, partitions }) => ({
        ...defaultFetchResponseFetchableTopicResponse,
        topic: v >= 13 ? '' : name,
        topicId: v >= 13 ? ids[name]! : 'AAAAAAAAAAAAAAAAAAAAAA',
        partitions: partitions.map(({ aborted, ...partition }) => ({
          ...defaultFetchResponsePartitionData,
          ...partition,
          abortedTransactions: aborted,
          highWatermark: 5n,
        })),
      })),
    }));

function encode(response: FetchResponse, v: number): Buffer {
  const w = new Writer();
  writeFetchResponse(w, v, response);
  return w.toBuffer();
}

/** Offers the body in pieces, as a socket would; returns what went on, in order. */
function feed(stream: FetchStream, body: Buffer, sizes: readonly number[]): Buffer {
  const out: Buffer[] = [];
  let have = 0;
  let given = 0;
  for (let i = 0; !stream.done; i++) {
    if (have === body.length && i > 10_000) throw new Error('no progress');
    have = Math.min(body.length, have + (sizes[i % sizes.length] ?? 1));
    const used = stream.scan(body.subarray(given, have));
    out.push(Buffer.from(body.subarray(given, given + used)));
    given += used;
  }
  return Buffer.concat(out);
}

function expected(response: FetchResponse) {
  return response.responses.flatMap(({ topic, topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex, records }) => {
      if (records === null || records.length === 0) return [];
      const { records: count, firstOffset, lastOffset } = summarizeBatches(records);
      return [
        {
          topic: nameOf(topic, topicId),
          partition: partitionIndex,
          ...(firstOffset === undefined ? {} : { firstOffset }),
          ...(lastOffset === undefined ? {} : { lastOffset }),
          records: count,
          bytes: records.length,
        },
      ];
    }),
  );
}

describe.each(versions)('version %s', (v) => {
  const open = (body: Buffer, mayRead = nameOf as FetchStreamOptionsMayRead): FetchStream =>
    new FetchStream({ version: v, bodyLength: body.length, mayRead, onHead: () => {} });

  test('however an answer arrives, all of it goes on, and what is told of it is what a whole reading tells', () => {
    fc.assert(
      fc.property(responses(v), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (response, sizes) => {
        const body = encode(response, v);
        const stream = open(body);
        expect(feed(stream, Buffer.from(body), sizes).equals(body)).toBe(true);
        expect(stream.topics).toEqual(expected(response));
      }),
      { numRuns: 30 },
    );
  });

  test('a topic that may not be read ends it before a byte of its records went on', () => {
    const records = batchOf(['secret']);
    const response = {
      ...defaultFetchResponse,
      responses: ['open', 'other'].map((name) => ({
        ...defaultFetchResponseFetchableTopicResponse,
        topic: v >= 13 ? '' : name,
        topicId: v >= 13 ? ids[name]! : 'AAAAAAAAAAAAAAAAAAAAAA',
        partitions: [{ ...defaultFetchResponsePartitionData, records }],
      })),
    };
    const body = encode(response, v);
    const stream = open(body, (topic, id) => (nameOf(topic, id) === 'open' ? 'open' : undefined));
    expect(() => feed(stream, body, [body.length])).toThrow(ProtocolError);
  });

  test('cut or flipped bytes make no more than a ProtocolError', () => {
    fc.assert(
      fc.property(responses(v), fc.nat(), fc.nat(255), (response, n, byte) => {
        const body = encode(response, v);
        body[n % body.length] = byte;
        try {
          feed(open(body), body, [64]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        const short = body.subarray(0, n % body.length);
        expect(() => feed(open(short), short, [short.length || 1])).toThrow();
      }),
      { numRuns: 30 },
    );
  });
});

type FetchStreamOptionsMayRead = (topic: string, topicId: string) => string | undefined;

test('new leaders named by their real addresses are made unreadable in place', () => {
  const response: FetchResponse = {
    ...defaultFetchResponse,
    responses: [],
    nodeEndpoints: [{ nodeId: 2, host: 'broker-2.internal', port: 9092, rack: null }],
  };
  const body = encode(response, 16);
  const stream = new FetchStream({ version: 16, bodyLength: body.length, mayRead: () => undefined, onHead: () => {} });
  const out = feed(stream, body, [1]);
  expect(out).toHaveLength(body.length);
  expect(out.includes('internal')).toBe(false);
  const cursor = new Cursor(out);
  expect(readFetchResponse(cursor, 16).nodeEndpoints).toEqual([]);
  cursor.finish();
});
