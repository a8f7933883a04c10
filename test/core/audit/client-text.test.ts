import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientText, nameText } from '../../../core/audit/client-text.ts';

test.each([
  ['console-consumer-12345', 'console-consumer-12345'],
  ['4111111111111111', '[REDACTED:digits]'],
  ['id 4111-1111 1111/1111 x', 'id [REDACTED:digits] x'],
  ['078051120', '[REDACTED:digits]'],
  ['078-05-1120', '[REDACTED:digits]'],
  ['１２３４５６７８９', '[REDACTED:digits]'],
  ['12345678', '12345678'],
  ['app of bob.b+x@example.com!', 'app of [REDACTED:email]!'],
  ['@', '@'],
  ['a\u001b[31mb', 'a\ufffd[31mb'],
  ['x\u202ey', 'x\ufffdy'],
  ['\ud800', '\ufffd'],
])('%j is logged as %j', (text, logged) => {
  expect(clientText(text)).toBe(logged);
});

test('at most 256 bytes, whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
      const logged = clientText(text);
      expect(Buffer.byteLength(logged)).toBeLessThanOrEqual(256);
      expect(logged.isWellFormed()).toBe(true);
      expect(logged).not.toMatch(/\d{9}/);
    }),
  );
  expect(Buffer.byteLength(clientText('ä'.repeat(300)))).toBeLessThanOrEqual(256);
});

test('a name keeps its digits', () => {
  expect(nameText('topic-20260105123456')).toBe('topic-20260105123456');
});
