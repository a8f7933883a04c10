import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CompiledRule } from '../../../core/mask/mask-rule.ts';
import { maskText } from '../../../core/mask/mask-text.ts';

const partial = { action: 'partial', type: 'card', policy: 'p' } as unknown as CompiledRule;

/** What `partial` means, in the plainest words; JSON text without its quotes. */
function expected(text: string): string {
  const characters = [...text];
  const counted = (c: string): boolean => c >= '\u0080' || /[0-9A-Za-z]/.test(c);
  const count = characters.filter(counted).length;
  const kept = Math.min(4, Math.floor(count / 2), count - 6);
  if (kept <= 0) return '[REDACTED:card]';
  let hide = count - kept;
  return JSON.stringify(characters.map((c) => (counted(c) && hide-- > 0 ? '*' : c)).join('')).slice(1, -1);
}

const masked = (text: string): string => Buffer.from(maskText(partial, Buffer.from(text), undefined).bytes).toString();

test.each([
  ['4111 1111 1111 1111', '**** **** **** 1111'],
  ['1234567', '******7'],
  ['123456', '[REDACTED:card]'],
  ['-----------', '[REDACTED:card]'],
  ['', '[REDACTED:card]'],
  ['"\\abcdefghijkl', '\\"\\\\********ijkl'],
  ['äöüäöüäöüäöü', '********üäöü'],
])('%s is shown as %s', (text, shown) => {
  expect(masked(text)).toBe(shown);
});

test('the way for plain text and the one for all others say the same', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.stringMatching(/^[0-9 -]{0,25}$/),
  );
  const agrees = fc.property(text, (value) => {
    expect(masked(value)).toBe(expected(value));
  });
  fc.assert(agrees, { numRuns: 2000 });
});
