import { expect, test } from 'vitest';
import { commandFile, loadOptions } from '../../../cli/bin/load-options.ts';

const file = (...argv: string[]): string | undefined => commandFile(argv, 'cli/commands');

test('the words name one command, the longer name first', () => {
  expect(file('validate', 'policies')).toBe('validate.ts');
  expect(file('explain', 'consume', 'orders')).toBe('explain.ts');
  expect(file('explain', 'grant', 'x')).toBe('explain/grant.ts');
  expect(file('access', 'list', '--format', 'json')).toBe('access/list.ts');
});

test.each([
  [[]],
  [['access']],
  [['vaildate']],
  [['--version']],
  [['help', 'validate']],
  [['validate', '--help']],
  [['complete', '--', 'sluice', '']],
  [['../bin/main']],
  [['..', 'output']],
])('all commands are needed for %j', (argv) => expect(file(...argv)).toBe(undefined));

test('oclif looks at that file alone, else at all', () => {
  const found = (...argv: string[]): unknown => loadOptions(argv).pjson?.oclif?.commands;
  expect(found('plan')).toMatchObject({ strategy: 'pattern', globPatterns: ['plan.ts'] });
  expect(found('--help')).toBe('./cli/commands');
});
