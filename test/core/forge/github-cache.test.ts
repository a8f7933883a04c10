import { expect, test } from 'vitest';
import { GitHubCache } from '../../../core/forge/github/github-cache.ts';

const headers = { etag: 'W/"a"', 'content-length': '2' };
const answer = { status: 200, headers, data: {} };

test('an answer is kept with its ETag, and a newer one in its place', () => {
  const cache = new GitHubCache();
  cache.keep('/a', answer);
  expect(cache.get('/a')).toEqual({ ...answer, etag: 'W/"a"' });
  cache.keep('/a', { ...answer, headers: { 'content-length': '2' } });
  expect(cache.get('/a')).toBeUndefined();
});

test('a full page, a long answer and one of unknown length are not kept', () => {
  const cache = new GitHubCache();
  const rows = (count: number) => Array.from({ length: count }, () => ({}));
  cache.keep('/full', { ...answer, data: rows(100) });
  cache.keep('/part', { ...answer, data: rows(99) });
  cache.keep('/long', { ...answer, headers: { ...headers, 'content-length': `${256 * 1024 + 1}` } });
  cache.keep('/unknown', { ...answer, headers: { etag: 'W/"a"' } });
  expect(['/full', '/part', '/long', '/unknown'].map((url) => cache.get(url) !== undefined)).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test('of more answers than are kept the oldest goes', () => {
  const cache = new GitHubCache();
  for (let index = 0; index <= 100; index++) cache.keep(`/${index}`, answer);
  expect([cache.get('/0'), cache.get('/1')?.etag, cache.get('/100')?.etag]).toEqual([undefined, 'W/"a"', 'W/"a"']);
});
