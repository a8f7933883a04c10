import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codecs } from '../../../../core/bytes/compression.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../../core/errors/sluice-error.ts';
import { RecordWalk } from '../../../../gateway/kafka/wire/record.ts';
import {
  batchOffset,
  batchPayload,
  crcMatches,
  type RecordBatch,
  walkBatches,
} from '../../../../gateway/kafka/wire/record-batch.ts';
import { RecordsBuilder } from '../../../../gateway/kafka/wire/records-builder.ts';
import { readRecords, repacked } from '../../../support/record-batches.ts';

interface Rec {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [string, Uint8Array | null])[];
}

const blob = fc.option(fc.uint8Array({ maxLength: 100 }).map((b) => Buffer.from(b)));
const records: fc.Arbitrary<Rec[]> = fc.array(
  fc.record({
    key: blob,
    value: blob,
    headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), blob), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 10 },
);

function payloadOf(all: readonly Rec[]): Buffer {
  const w = new Writer();
  const put = (to: Writer, bytes: Uint8Array | null): void => {
    to.varint(bytes === null ? -1 : bytes.length);
    if (bytes) to.raw(bytes);
  };
  all.forEach((record, i) => {
    const body = new Writer();
    body.int8(0);
    body.varlong(BigInt(i) * 1_000_000_000_000n);
    body.varint(i);
    put(body, record.key);
    put(body, record.value);
    body.varint(record.headers.length);
    for (const [key, value] of record.headers) {
      put(body, Buffer.from(key));
      put(body, value);
    }
    w.varint(body.byteLength);
    w.append(body);
  });
  return w.toBuffer();
}

function header(count: number): Buffer {
  const bytes = Buffer.alloc(batchOffset.records);
  bytes.writeBigInt64BE(1234n, batchOffset.baseOffset);
  bytes.writeInt32BE(49, batchOffset.length);
  bytes.writeInt32BE(7, batchOffset.leaderEpoch);
  bytes[batchOffset.magic] = 2;
  bytes.writeInt16BE(0x10, batchOffset.attributes);
  bytes.writeInt32BE(count - 1, batchOffset.lastOffsetDelta);
  bytes.writeBigInt64BE(99n, batchOffset.producerId);
  bytes.writeInt32BE(count, batchOffset.count);
  return bytes;
}

function only(bytes: Uint8Array): RecordBatch {
  const [batch, ...more] = walkBatches(bytes);
  expect(more).toEqual([]);
  if (batch?.kind !== 'batch') throw new ProtocolError('BadBatch', 'no batch was found');
  return batch;
}

function batchOf(all: readonly Rec[], codec: (typeof codecs)[number] = 'none'): Buffer {
  const head = header(all.length);
  return repacked(head, payloadOf(all), codec);
}

function contents(payload: Uint8Array, count: number): Rec[] {
  return readRecords(payload, count).map(({ key, value, headers }) => ({ key, value, headers }));
}

test.each(codecs)('%s: a rebuilt batch keeps its header, has a right checksum, and its records come back', (codec) => {
  fc.assert(
    fc.property(records, (all) => {
      const bytes = batchOf(all, codec);
      const batch = only(bytes);
      expect(batch).toMatchObject({
        baseOffset: 1234n,
        count: all.length,
        codec,
        transactional: true,
        control: false,
        producerId: 99n,
      });
      expect(bytes.readInt32BE(batchOffset.leaderEpoch)).toBe(7);
      expect(crcMatches(bytes, batch)).toBe(true);
      expect(contents(batchPayload(bytes, batch, 1 << 20), all.length)).toEqual(all);
    }),
  );
});

test('a record with another value changes in that alone, whatever the codec and the room that was guessed', () => {
  fc.assert(
    fc.property(records, fc.uint8Array(), fc.constantFrom(...codecs), fc.nat(300), (all, value, codec, guess) => {
      const old = batchOf(all, codec);
      const payload = payloadOf(all);
      const builder = new RecordsBuilder(guess);
      builder.copy(old, 0, old.length); // another batch before it
      builder.begin(guess, codec);
      const walk = new RecordWalk(payload, all.length);
      const changed = all.map((record, i) => {
        expect(walk.next()).toBe(true);
        if (i % 2 === 0) builder.record(payload, walk, value.length, { copyTo: (to, at) => to.set(value, at) });
        else builder.copy(payload, walk.start, walk.end);
        return i % 2 === 0 ? { ...record, value: Buffer.from(value) } : record;
      });
      expect(walk.next()).toBe(false);
      builder.end(old, only(old));
      const both = builder.finish();
      expect(both.subarray(0, old.length)).toEqual(old);
      const bytes = both.subarray(old.length);
      const batch = only(bytes);
      expect(contents(batchPayload(bytes, batch, 1 << 20), all.length)).toEqual(changed);
      expect(crcMatches(bytes, batch)).toBe(true);
      expect({ ...batch, end: 0 }).toEqual({ ...only(old), end: 0 });
    }),
  );
});

test('what is no whole batch of format 2 is named, and the walk covers every byte', () => {
  const one = batchOf([{ key: null, value: Buffer.from('v'), headers: [] }]);
  const kinds = (bytes: Uint8Array): string[] => walkBatches(bytes).map(({ kind }) => kind);
  expect(kinds(Buffer.concat([one, one]))).toEqual(['batch', 'batch']);
  expect(kinds(Buffer.concat([one, one.subarray(0, 20)]))).toEqual(['batch', 'partial']);
  expect(kinds(Buffer.concat([one, one.subarray(0, 3)]))).toEqual(['batch', 'partial']);
  const legacy = Buffer.from(one);
  legacy[batchOffset.magic] = 1;
  expect(kinds(Buffer.concat([legacy, one]))).toEqual(['legacy', 'batch']);
  const garbage = Buffer.from(one);
  garbage[batchOffset.magic] = 3;
  expect(kinds(Buffer.concat([one, garbage, one]))).toEqual(['batch', 'garbage']);
  for (const length of [-13, -1, 0, 48]) {
    const wrong = Buffer.from(one);
    wrong.writeInt32BE(length, batchOffset.length);
    expect(kinds(wrong)).toEqual(['garbage']);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      let end = 0;
      for (const part of walkBatches(bytes)) {
        expect(part.start).toBe(end);
        end = part.end;
      }
      expect(end).toBe(bytes.length);
    }),
  );
});

test('a flipped byte behind the checksum shows', () => {
  const bytes = batchOf([{ key: null, value: Buffer.from('v'), headers: [] }]);
  bytes[bytes.length - 1]! ^= 1;
  expect(crcMatches(bytes, only(bytes))).toBe(false);
});

test('a batch of a codec that there is none of is refused', () => {
  const bytes = batchOf([{ key: null, value: null, headers: [] }]);
  bytes[batchOffset.attributes + 1]! |= 7;
  const batch = only(bytes);
  expect(batch.codec).toBeUndefined();
  expect(() => batchPayload(bytes, batch, 100)).toThrow(expect.objectContaining({ code: 'BadBatch' }));
});

test('records that are more, fewer, cut or damaged are a BadBatch or come out, never anything else', () => {
  const payload = payloadOf([
    { key: Buffer.from('key'), value: Buffer.from('value'), headers: [['h', Buffer.from('x')]] },
    { key: null, value: null, headers: [] },
  ]);
  const bad = expect.objectContaining({ code: 'BadBatch' });
  for (const count of [-1, 0, 1, 3, 1_000_000]) expect(() => readRecords(payload, count)).toThrow(bad);
  for (let end = 0; end < payload.length; end++) expect(() => readRecords(payload.subarray(0, end), 2)).toThrow(bad);
  for (let at = 0; at < payload.length; at++) {
    const damaged = Buffer.from(payload);
    damaged[at]! ^= 0xff;
    try {
      readRecords(damaged, 2);
    } catch (error) {
      expect(error).toEqual(bad);
    }
  }
});
