import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatFiles, writeFormatted } from '../../../cli/actions/format-files.ts';
import { writeWhole } from '../../../cli/actions/write-file.ts';
import { tempDir } from '../../support/temp-dir.ts';

test('a file is made with its folder, replaced whole, and keeps its mode', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'a', 'b', 'c.json');
  writeWhole(path, 'one');
  expect(readFileSync(path, 'utf8')).toBe('one');
  chmodSync(path, 0o640);
  writeWhole(path, 'two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(join(dir.path, 'a', 'b'))).toEqual(['c.json']);
});

test('what cannot be written says so and leaves nothing behind', async () => {
  await using dir = await tempDir();
  writeFileSync(join(dir.path, 'file'), '');
  mkdirSync(join(dir.path, 'taken.json'));
  const refused = expect.objectContaining({ code: 'FileNotWritten' });
  expect(() => writeWhole(join(dir.path, 'file', 'below.json'), 'x')).toThrow(refused);
  expect(() => writeWhole(join(dir.path, 'taken.json'), 'x')).toThrow(refused);
  expect(readdirSync(dir.path).sort()).toEqual(['file', 'taken.json']);
});

test('a file that was changed while it was formatted is not written over', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'groups.yaml');
  writeFileSync(path, 'kind: Group\napiVersion: sluice.dev/v1\nspec: { members: [a] }\nmetadata: { name: g }\n');
  const { changed } = await formatFiles([path]);
  expect(changed).toHaveLength(1);
  writeFileSync(path, 'mine now\n');
  expect(() => writeFormatted(changed)).toThrow(expect.objectContaining({ code: 'FileNotWritten' }));
  expect(readFileSync(path, 'utf8')).toBe('mine now\n');
});
