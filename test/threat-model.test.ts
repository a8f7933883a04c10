import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every test that the threat model rests on is there, by that name', () => {
  const named = [...readFileSync('docs/threat-model.md', 'utf8').matchAll(/^ {2}- `(test\/[^`]+)`: (.+)$/gm)];
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(([, file, name]) => {
    const text = readFileSync(file!, 'utf8').replaceAll("\\'", "'");
    return !text.includes(name!);
  });
  expect(missing.map(([line]) => line)).toEqual([]);
});
