import { expect, test } from 'vitest';
import { wantsColors } from '../../../cli/output/style.ts';

const wants = (isTTY: boolean, env: Record<string, string>, ...argv: string[]): boolean =>
  wantsColors({ argv: ['validate', ...argv], env, isTTY });

test('a terminal has colours, a pipe and a dumb terminal have none', () => {
  expect(wants(true, {})).toBe(true);
  expect(wants(false, {})).toBe(false);
  expect(wants(true, { TERM: 'dumb' })).toBe(false);
});

test('NO_COLOR takes them away unless it is empty', () => {
  expect(wants(true, { NO_COLOR: '1' })).toBe(false);
  expect(wants(true, { NO_COLOR: '0' })).toBe(false);
  expect(wants(true, { NO_COLOR: '' })).toBe(true);
});

test('FORCE_COLOR is stronger than NO_COLOR and than what is at the other end', () => {
  expect(wants(false, { FORCE_COLOR: '1' })).toBe(true);
  expect(wants(false, { FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' })).toBe(true);
  expect(wants(true, { FORCE_COLOR: '0' })).toBe(false);
  expect(wants(true, { FORCE_COLOR: 'false' })).toBe(false);
  expect(wants(true, { FORCE_COLOR: '', NO_COLOR: '1' })).toBe(false);
});

test('the command line is stronger than both, and its last word counts', () => {
  expect(wants(true, { FORCE_COLOR: '1' }, '--no-color')).toBe(false);
  expect(wants(false, { NO_COLOR: '1' }, '--color')).toBe(true);
  expect(wants(false, {}, '--no-color', '--color')).toBe(true);
  expect(wants(false, {}, '--', '--color')).toBe(false);
});
