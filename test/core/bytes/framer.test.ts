import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Framer } from '../../../core/bytes/framer.ts';

function frame(body: Uint8Array): Buffer {
  const out = Buffer.alloc(4 + body.length);
  out.writeInt32BE(body.length);
  out.set(body, 4);
  return out;
}

test('Given frames cut at any places, when the pieces are pushed, then the same frames come out in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (bodies, steps) => {
        const frames = bodies.map(frame);
        const stream = Buffer.concat(frames);
        const framer = new Framer(1000);
        const got: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const next = Math.min(stream.length, at + steps[i % steps.length]!);
          const used = framer.push(Buffer.from(stream.subarray(at, next)), (f) => {
            got.push(f);
            return undefined;
          });
          expect(used).toBe(next - at);
          at = next;
        }
        expect(got).toEqual(frames);
        expect(framer.buffered).toBe(0);
      },
    ),
  );
});

test('a frame inside a chunk is a view of it', () => {
  const chunk = frame(Uint8Array.of(1, 2, 3));
  let got: Buffer | undefined;
  new Framer(10).push(chunk, (f) => {
    got = f;
    return undefined;
  });
  expect(got?.buffer).toBe(chunk.buffer);
  expect(got).toEqual(chunk);
});

test('false stops behind the frame, and the rest can be pushed again', () => {
  const chunk = Buffer.concat([frame(Uint8Array.of(1)), frame(Uint8Array.of(2))]);
  const framer = new Framer(10);
  const got: number[] = [];
  const take = (f: Buffer): boolean => got.push(f[4]!) === 2;
  expect(framer.push(chunk, take)).toBe(5);
  expect(framer.push(chunk.subarray(5), take)).toBe(5);
  expect(got).toEqual([1, 2]);
  const split = new Framer(10);
  split.push(chunk.subarray(0, 3), () => false);
  expect(split.push(chunk.subarray(3), () => false)).toBe(2);
});

test.each([
  ['negative', -1],
  ['above the limit', 65_537],
  ['2 GB', 0x7fffffff],
])('a %s length is a BadFrame before anything is held', (_, length) => {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  for (const cut of [4, 2]) {
    const framer = new Framer(65_536);
    expect(() => {
      framer.push(prefix.subarray(0, cut), () => undefined);
      framer.push(prefix.subarray(cut), () => undefined);
    }).toThrow(expect.objectContaining({ code: 'BadFrame' }));
  }
});

test('the limit can be raised between two frames of one chunk', () => {
  const chunk = Buffer.concat([frame(new Uint8Array(4)), frame(new Uint8Array(100))]);
  const framer = new Framer(10);
  let frames = 0;
  framer.push(chunk, () => {
    frames++;
    framer.maxFrameSize = 1000;
    return undefined;
  });
  expect(frames).toBe(2);
});

test('an announced 100 MB with ten bytes behind it makes no 100 MB', () => {
  const framer = new Framer(104_857_600);
  const before = process.memoryUsage().arrayBuffers;
  const head = Buffer.alloc(14);
  head.writeInt32BE(104_857_600);
  framer.push(head, () => undefined);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
});
