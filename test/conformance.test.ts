import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cases, clients } from './clients/cases.ts';
import { type Cover, conformance } from './conformance.ts';

test('there are 40 cases, in their order', () => {
  expect(conformance.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

test.each(conformance)('$number: $what', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
  for (const cover of tests) expect(missing(cover)).toBe('');
});

/** What is not there of a test that is referred to; nothing where it is. */
function missing(cover: Cover): string {
  if ('matrix' in cover) {
    const found = cases.find(({ id }) => id === cover.matrix);
    if (!found) return `no case ${cover.matrix} in the client matrix`;
    const without = cover.clients.filter(
      (id) => !clients.some((client) => client.id === id) || found.lacking?.[id] || found.red?.[id],
    );
    return without.map((id) => `${cover.matrix} is not run, or fails, with ${id}`).join('; ');
  }
  const text = readFileSync(new URL(`../${cover.file}`, import.meta.url), 'utf8');
  return titles(text).some((title) => title.includes(cover.title)) ? '' : `no test "${cover.title}" in ${cover.file}`;
}

/** Everything in a test file that is a string at the beginning of a call or of a row: titles are among them. */
function titles(text: string): string[] {
  return [...text.matchAll(/[([]\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  );
}
