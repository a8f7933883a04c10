import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { SecretFile } from '../../../gateway/config/secret-file.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function world(first?: string) {
  const dir = await tempDir();
  const file = dir.join('secret');
  if (first !== undefined) writeFileSync(file, first);
  let why: string | undefined = 'not read yet';
  const secret = new SecretFile({
    file,
    check(text) {
      if (text.includes(' ')) throw new InputError('BadConfig', 'it is none', { why: 'it has a space' });
    },
    onRead: (said) => {
      why = said;
    },
  });
  return {
    file,
    read: () => secret.read(),
    why: () => why,
    put: (text: string) => writeFileSync(file, text),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

test('a secret is read for each use', async () => {
  await using there = await world('one\n');
  expect(await there.read()).toBe('one');
  there.put('two');
  expect(await there.read()).toBe('two');
  expect(there.why()).toBeUndefined();
});

test('a file that is gone, empty or half written keeps the last secret, and says so until it is whole again', async () => {
  await using there = await world('one\n');
  await there.read();
  for (const [change, words] of [
    [() => rmSync(there.file), /^it could not be read \(ENOENT\); the one that was read before is used$/],
    [() => there.put('\n'), /^it is empty; the one/],
    [() => there.put('half of'), /^it has a space; the one/],
  ] as const) {
    change();
    expect(await there.read()).toBe('one');
    expect(there.why()).toMatch(words);
  }
  there.put('two\n');
  expect(await there.read()).toBe('two');
  expect(there.why()).toBeUndefined();
});

test('without a good one before, there is none', async () => {
  await using there = await world();
  await expect(there.read()).rejects.toMatchObject({ code: 'FileUnreadable', at: there.file });
  expect(there.why()).toBe('it could not be read (ENOENT)');
  there.put('not one');
  await expect(there.read()).rejects.toMatchObject({ code: 'BadConfig' });
});
