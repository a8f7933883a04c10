import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { breaches, countFiles } from './support/architecture-rules.ts';

test('every file keeps to the layer table', () => {
  expect(countFiles('.')).toBeGreaterThan(100);
  expect(breaches('.')).toEqual([]);
});

test('the rules reject the bad fixture, each breach by its name', () => {
  const found = breaches('test/fixtures/architecture-bad').join('\n');
  for (const expected of [
    'core/model/helpers.ts: banned name',
    'core/model/helpers.ts: imports gateway/kafka/proxy.ts',
    'core/model/helpers.ts: imports simple-git',
    'core/model/helpers.ts: reads the time',
    'core/model/helpers.ts: prints',
    'core/model/helpers.ts: throws a bare error',
    'gateway/kafka/proxy.ts: imports cli/output/show.ts',
    'cli/output/show.ts: imports gateway/kafka/proxy.ts',
    'cli/output/show.ts: exits',
    'a cycle',
  ]) {
    expect(found).toContain(expected);
  }
});

test('every path that ARCHITECTURE.md names exists', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const paths = [
    ...text.matchAll(
      /`((?:core|cli|gateway|schemas|test|demo|bench|scripts|docs|policies-example|\.github|\.ci)\/[\w./{}-]*)`/g,
    ),
  ].map((match) => match[1]!);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});
