import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '../../../core/bytes/crc32c.ts';

// Vectors of RFC 3720, appendix B.4, and the usual check value.
test.each<[string, Uint8Array, number]>([
  ['nothing', new Uint8Array(), 0],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
])('the checksum of %s is the published one', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test('it can be made in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, n) => {
      const cut = n % (bytes.length + 1);
      expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(crc32c(bytes));
    }),
  );
});
