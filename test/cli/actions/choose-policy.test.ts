import { expect, test } from 'vitest';
import { choosePolicy, type PolicyCandidate } from '../../../cli/actions/choose-policy.ts';

const words = {
  offers: 'offers this',
  wish: 'alice ask for this',
  none: { why: 'there is none', fix: 'ask somebody' },
};

function candidate(name: string, ...messages: readonly string[]): PolicyCandidate {
  const misfits = messages.map((message) => ({ rule: 'grant/x', path: [], message, fix: `mend ${message}` }));
  return { name, misfits };
}

test('the one that fits is chosen, whatever does not', () => {
  expect(choosePolicy([candidate('a', 'x'), candidate('b'), candidate('c', 'y')], words)).toBe('b');
});

test.each([
  [
    'several fit',
    [candidate('a'), candidate('b', 'x'), candidate('c')],
    { code: 'BadUsage', message: 'more than one policy offers this', fix: 'add --policy with one of a, c' },
  ],
  [
    'none fits: the one with the least in the way',
    [candidate('a', 'x', 'y'), candidate('b', 'z'), candidate('c', 'w', 'v')],
    { code: 'NotEligible', message: 'no policy lets alice ask for this', why: "the nearest is 'b': z", fix: 'mend z' },
  ],
  [
    'two are as near: the first',
    [candidate('a', 'x', 'y'), candidate('b', 'w', 'v')],
    { why: "the nearest is 'a': x; y", fix: 'mend x; mend y' },
  ],
  ['there is none', [], { code: 'NotEligible', why: 'there is none', fix: 'ask somebody' }],
] as const)('%s', (_name, candidates, refused) => {
  expect(() => choosePolicy(candidates, words)).toThrow(expect.objectContaining(refused));
});
