import { expect, test } from 'vitest';
import { Writer } from '../../../core/bytes/writer.ts';

test('bytes over 2 KiB are kept by reference, smaller ones are copied', () => {
  const big = new Uint8Array(2049).fill(1);
  const small = new Uint8Array(2048).fill(2);
  const w = new Writer();
  w.bytes(big);
  w.bytes(small);
  const chunks = w.chunks();
  expect(chunks[1]).toBe(big);
  expect(w.byteLength).toBe(2049 + 2048 + 8);
  expect(w.toBuffer()).toHaveLength(w.byteLength);
});

test('a reserved length can be patched after the segment was sealed', () => {
  const w = new Writer(8);
  const length = w.reserveInt32();
  for (let i = 0; i < 100; i++) w.int32(i);
  w.patchInt32(length, w.byteLength - 4);
  expect(w.toBuffer().readInt32BE(0)).toBe(400);
});

test('a string that does not fit its int16 length is refused', () => {
  expect(() => new Writer().string('x'.repeat(32768))).toThrow(expect.objectContaining({ code: 'BadFrame' }));
});

test('a uuid that is none is refused', () => {
  expect(() => new Writer().uuid('AAAA')).toThrow(expect.objectContaining({ code: 'BadFrame' }));
});

test('one writer appends another, and both can go on', () => {
  const inner = new Writer();
  inner.int8(2);
  const w = new Writer();
  w.int8(1);
  w.append(inner);
  w.int8(3);
  inner.int8(9);
  expect([...w.toBuffer()]).toEqual([1, 2, 3]);
  expect([...inner.toBuffer()]).toEqual([2, 9]);
});
