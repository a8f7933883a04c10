/** What the real binary makes of narrow places, of wishes about colours, and of outputs that are no terminal. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';

const example = ['--repo', 'policies-example'];
const asked = ['consume', 'payments.orders', '--as', 'alice', '--cluster', 'main', ...example];

test.each([
  ['validate', 'test/fixtures/broken-repo'],
  ['lint', 'test/fixtures/smelly-repo'],
  ['lint', '--rules'],
  ['test', 'policies-example', '--coverage'],
  ['can-i', ...asked],
  ['explain', ...asked],
  ['who-can', 'consume', 'payments.orders', '--cluster', 'main', ...example],
])('60 columns are enough for %s %s', async (...args) => {
  const { stdout } = await runSluice(args, { env: { COLUMNS: '60' } });
  expect(stdout).not.toBe('');
  expect(stdout.split('\n').filter((line) => line.length > 60)).toEqual([]);
});

test('without a terminal lines stay whole, so that they can be searched', async () => {
  const { stdout } = await runSluice(['lint', '--rules']);
  expect(stdout.split('\n').filter((line) => line.length > 100)).not.toEqual([]);
});

test('colours come from --color and FORCE_COLOR, and go with --no-color; errors have them too', async () => {
  const colored = (text: string): boolean => text !== stripVTControlCharacters(text);
  const args = ['can-i', ...asked];
  expect(colored((await runSluice(args)).stdout)).toBe(false);
  expect(colored((await runSluice(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout)).toBe(true);
  expect(colored((await runSluice([...args, '--no-color'], { env: { FORCE_COLOR: '1' } })).stdout)).toBe(false);
  const failed = await runSluice(['validate', '/nowhere', '--color'], { env: { NO_COLOR: '1' } });
  expect(failed.code).toBe(3);
  expect(colored(failed.stderr)).toBe(true);
});
