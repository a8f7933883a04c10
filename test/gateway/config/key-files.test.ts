import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { maskKey, recordingSigner } from '../../../gateway/config/key-files.ts';
import { tempDir } from '../../support/temp-dir.ts';

test('the recording key is made once, for this user alone, with its public half beside it', async () => {
  await using dir = await tempDir();
  const file = dir.join('keys', 'recording.pem');
  const first = await recordingSigner('gw1', file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${file}.vkey`, 'utf8')).toBe(`${first.vkey}\n`);
  expect(first.vkey).not.toContain('PRIVATE');
  const again = await recordingSigner('gw1', file);
  expect(again.vkey).toBe(first.vkey);
});

test('the mask key is made once, and a short one is refused', async () => {
  await using dir = await tempDir();
  const file = dir.join('keys', 'mask.key');
  const first = await maskKey(file);
  expect(first.length).toBeGreaterThanOrEqual(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await maskKey(file)).toEqual(first);
  writeFileSync(dir.join('short'), 'x'.repeat(31));
  await expect(maskKey(dir.join('short'))).rejects.toMatchObject({ code: 'BadKey' });
  await expect(maskKey(dir.path)).rejects.toMatchObject({ code: 'FileUnreadable' });
  expect(existsSync(dir.join('short'))).toBe(true);
});
