import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextMemo } from '../../../core/bytes/text-memo.ts';

/** Of few bytes and lengths, so that texts meet in slots and come again, and some that are too long to be kept. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 3, max: 3 }),
  fc.uint8Array({ minLength: 60, maxLength: 70, max: 1 }),
  fc.uint8Array({ maxLength: 70 }),
);

test.each(['utf8', 'base64url'] as const)('it gives what the bytes say in %s, whatever it gave before', (encoding) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, fc.nat(5)), { minLength: 1, maxLength: 60 }), (texts) => {
      const memo = new TextMemo(encoding);
      for (const [text, offset] of [...texts, ...texts]) {
        const frame = Buffer.concat([Buffer.alloc(offset, 0x7f), text, Buffer.alloc(3, 0x7e)]);
        const end = offset + text.length;
        expect(memo.text(frame, offset, end)).toBe(frame.toString(encoding, offset, end));
      }
    }),
    { numRuns: 500 },
  );
});

test('names that differ in what it does not look at for their place are told apart', () => {
  const memo = new TextMemo('utf8');
  const names = Array.from({ length: 100 }, (_, i) => `${String(i).padStart(3, '0')}-orders-the-same-end`);
  for (const name of [...names, ...names]) {
    const frame = Buffer.from(name);
    expect(memo.text(frame, 0, frame.length)).toBe(name);
  }
});

test('texts that are too long to be kept do not run into the next place', () => {
  const memo = new TextMemo('utf8');
  for (const length of [64, 65, 66, 64, 65]) {
    for (let i = 0; i < 2_000; i++) {
      const name = String(i).padStart(length, '-');
      expect(memo.text(Buffer.from(name), 0, length)).toBe(name);
    }
  }
});

test('bytes that are read into again change nothing of what was given', () => {
  const memo = new TextMemo('utf8');
  const frame = Buffer.from('orders');
  expect(memo.text(frame, 0, 6)).toBe('orders');
  frame.write('Orders');
  expect(memo.text(frame, 0, 6)).toBe('Orders');
  frame.write('orders');
  expect(memo.text(frame, 0, 6)).toBe('orders');
});
