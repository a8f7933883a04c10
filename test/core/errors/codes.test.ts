import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codes } from '../../../core/errors/codes.ts';
import { SluiceError } from '../../../core/errors/sluice-error.ts';

const sources = globSync('{core,gateway,cli}/**/*.ts')
  .filter((file) => file !== 'core/errors/codes.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');
const reference = readFileSync('docs/reference/errors.md', 'utf8');

test.each(Object.entries(codes))('%s is used, documented, and explained in one sentence', (code, { summary }) => {
  expect(sources.includes(`'${code}'`) || code === 'Bug').toBe(true);
  expect(reference).toContain(code);
  expect(summary).toMatch(/^[A-Z].*\.$/);
});

test('an error keeps its code, place and cause, and names its kind', () => {
  const cause = new TypeError('inner');
  const error = new SluiceError('BrokerUnreachable', 'no broker', {
    why: 'ECONNREFUSED',
    at: '127.0.0.1:1',
    cause,
    retry: 'later',
  });
  expect(error).toMatchObject({
    code: 'BrokerUnreachable',
    kind: 'upstream',
    why: 'ECONNREFUSED',
    at: '127.0.0.1:1',
    retry: 'later',
    cause,
  });
  expect(new SluiceError('Bug', 'x').retry).toBe('never');
});
