import { expect, test } from 'vitest';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import { withToken } from '../../../core/git/shown-token.ts';

const no = new SourceError('ForgeDenied', 'no');
const isRefusal = (error: unknown): boolean => error === no;

/** Asks somebody who takes the token `good` alone; what the source gives is `tokens`, one after the other. */
async function asked(tokens: readonly (string | undefined)[]) {
  const [shown, refused]: (string | undefined)[][] = [[], []];
  const left = [...tokens];
  const answer = withToken(
    async (before) => {
      if (before !== undefined) refused!.push(before);
      return left.shift();
    },
    async (token) => {
      shown!.push(token);
      if (token === 'good') return 'yes';
      throw no;
    },
    isRefusal,
  );
  return { answer: await answer.catch((error: unknown) => error), shown, refused };
}

test.each([
  [['good'], 'yes', ['good'], []],
  [['old', 'good'], 'yes', ['old', 'good'], ['old']],
  [['old', 'old', 'good'], no, ['old'], ['old']],
  [['old', undefined, 'good'], no, ['old'], ['old']],
  [['old', 'newer', 'good'], no, ['old', 'newer'], ['old']],
  [[undefined, 'good'], no, [undefined], []],
] as const)('of the tokens %j the answer is %s', async (tokens, answer, shown, refused) => {
  const told = await asked(tokens);
  expect(told.answer).toBe(answer);
  expect(told.shown).toEqual(shown);
  expect(told.refused).toEqual(refused);
});

test('what is no refusal is not asked again, and without a source nothing is shown', async () => {
  const other = new SourceError('ForgeFailed', 'no answer');
  const shown: (string | undefined)[] = [];
  const fail = async (token: string | undefined): Promise<never> => {
    shown.push(token);
    throw other;
  };
  await expect(withToken(async () => 'one', fail, isRefusal)).rejects.toBe(other);
  await expect(withToken(undefined, fail, () => true)).rejects.toBe(other);
  expect(shown).toEqual(['one', undefined]);
});
