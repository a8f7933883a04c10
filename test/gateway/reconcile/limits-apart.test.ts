import { expect, test } from 'vitest';
import { acknowledgementProblem } from '../../../core/admission/acknowledged.ts';
import { limitsApart } from '../../../gateway/reconcile/limits-apart.ts';
import { manyReaders } from '../../support/policy-set.ts';

const file = new URL('../../../gateway/reconcile/limits-thread.ts', import.meta.url).pathname;

const going = new AbortController().signal;

test('many documents are judged in a thread, to the same word', async () => {
  const [before, after] = [manyReaders(500, 1), manyReaders(500, 400)];
  const expected = acknowledgementProblem(before, after);
  expect(expected).toContain('safety limit');
  const judged = limitsApart(file, going)(before, after);
  expect(judged).toBeInstanceOf(Promise);
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  expect(await judged).toBe(expected);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(3); // this thread went on meanwhile
  expect(await limitsApart(file, going)(after, after)).toBeUndefined();
});

test('few are judged at once', () => {
  const [before, after] = [manyReaders(5, 1), manyReaders(5, 5)];
  expect(limitsApart('/no/such/file', going)(before, after)).toBe(acknowledgementProblem(before, after));
});

test('a thread that gives no answer is an error, not a yes', async () => {
  const [before, after] = [manyReaders(500, 1), manyReaders(500, 400)];
  await expect(limitsApart('/no/such/file.ts', going)(before, after)).rejects.toThrow();
  const ends = `data:text/javascript,${encodeURIComponent('process.exit(0)')}`;
  await expect(limitsApart(new URL(ends) as unknown as string, going)(before, after)).rejects.toThrow('no answer');
});

test('a thread whose answer nobody waits for is ended', async () => {
  const [before, after] = [manyReaders(500, 1), manyReaders(500, 400)];
  const stays = `data:text/javascript,${encodeURIComponent('setInterval(() => {}, 1000)')}`;
  const ending = new AbortController();
  const judge = limitsApart(new URL(stays) as unknown as string, ending.signal);
  const judged = judge(before, after);
  setTimeout(() => ending.abort(), 50);
  await expect(judged).rejects.toThrow('no answer');
  expect(() => judge(before, after)).toThrow('aborted');
});
