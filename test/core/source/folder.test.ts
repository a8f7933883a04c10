import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFolder } from '../../../core/source/folder.ts';

test('reads YAML only, sorted, hidden folders and other files left out', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-folder-'));
  for (const folder of ['b', 'a', '.git', 'node_modules']) await mkdir(join(dir.path, folder));
  for (const path of ['b/x.yaml', 'a/y.yml', 'z.yaml', '.git/x.yaml', 'node_modules/x.yaml', 'README.md']) {
    await writeFile(join(dir.path, path), path);
  }
  await symlink('x.yaml', join(dir.path, 'b/link.yaml'));
  const files = await readFolder(dir.path);
  expect(files.map((file) => file.path)).toEqual(['a/y.yml', 'b/link.yaml', 'b/x.yaml', 'z.yaml']);
  expect(new TextDecoder().decode(files[1]?.bytes)).toBe('b/x.yaml');
});

test.each<[string, (dir: string) => Promise<void>, string]>([
  [
    'a link that leads out',
    (dir) => symlink('/etc/hostname', join(dir, 'x.yaml')),
    'it is a link that leads out of the repo',
  ],
  [
    'a link to a folder outside',
    (dir) => symlink('/etc', join(dir, 'policies')),
    'it is a link that leads out of the repo',
  ],
  ['a link to nothing', (dir) => symlink('gone', join(dir, 'x.yaml')), 'it is a link that leads nowhere'],
  [
    'a file over 1 MiB',
    (dir) => writeFile(join(dir, 'x.yaml'), Buffer.alloc(1024 * 1024 + 1)),
    'it has 1048577 bytes; 1 MiB is the most',
  ],
])('refuses %s', async (_name, prepare, why) => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-folder-'));
  await prepare(dir.path);
  await expect(readFolder(dir.path)).rejects.toMatchObject({ code: 'FileUnreadable', why });
});

test('a folder that is not there', async () => {
  await expect(readFolder('/nowhere/at/all')).rejects.toMatchObject({
    code: 'FileUnreadable',
    why: 'there is no such folder',
  });
});
