import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BatchCount,
  type BatchSummary,
  countBatches,
  summarizeBatches,
} from '../../../../gateway/kafka/enforce/batch-summary.ts';
import { walkBatches } from '../../../../gateway/kafka/wire/record-batch.ts';
import { batchOf } from '../../../support/record-batches.ts';

/** The same by way of the whole headers. */
function expected(blob: Uint8Array): BatchSummary & Pick<BatchCount, 'transaction'> {
  const batches = walkBatches(blob).filter((batch) => batch.kind === 'batch');
  const last = batches.at(-1);
  const transactional = batches.find((batch) => batch.transactional);
  return {
    records: batches.reduce((sum, { control, count }) => sum + (control ? 0 : count), 0),
    firstOffset: batches[0]?.baseOffset,
    lastOffset: last && last.baseOffset + BigInt(last.lastOffsetDelta),
    transaction: transactional && {
      producerId: transactional.producerId,
      producerEpoch: transactional.producerEpoch,
    },
  };
}

/** What is read, and what a producer's batches are counted for. */
function read(blob: Uint8Array | null): BatchSummary & Pick<BatchCount, 'transaction'> {
  const { records, transaction } = countBatches(blob);
  expect(summarizeBatches(blob).records).toBe(records);
  return { ...summarizeBatches(blob), transaction };
}

const batch = fc
  .record({
    values: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    attributes: fc.constantFrom(0, 0x10, 0x20, 0x30),
    magic: fc.constantFrom(2, 2, 2, 1, 0, 3),
    producer: fc.tuple(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.integer({ min: -1, max: 32767 })),
    offset: fc.bigInt({ min: 0n, max: (1n << 62n) - 1n }),
    length: fc.option(fc.integer(), { freq: 10 }),
  })
  .map(({ values, attributes, magic, producer, offset, length }) => {
    const bytes = Buffer.from(batchOf(values));
    bytes.writeBigInt64BE(offset, 0);
    bytes[16] = magic;
    bytes[22] = attributes;
    bytes.writeBigInt64BE(producer[0], 43);
    bytes.writeInt16BE(producer[1], 51);
    if (length !== null) bytes.writeInt32BE(length, 8);
    return bytes;
  });

test('it says what the headers say, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 4 }), fc.nat(200), (batches, cut) => {
      const blob = Buffer.concat(batches);
      const part = blob.subarray(0, Math.max(0, blob.length - (cut > 100 ? 0 : cut)));
      expect(read(part)).toEqual(expected(part));
    }),
    { numRuns: 2000 },
  );
});

test('nothing comes to nothing', () => {
  expect(read(null)).toEqual(expected(Buffer.alloc(0)));
  expect(read(Buffer.alloc(0))).toEqual(expected(Buffer.alloc(0)));
});
