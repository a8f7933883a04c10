import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readFolder, surveyFolder } from '../../../core/source/folder.ts';

test('reads YAML only, sorted, hidden folders and other files left out', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-folder-'));
  for (const folder of ['b', 'a', '.git', 'node_modules']) await mkdir(join(dir.path, folder));
  for (const path of ['b/x.yaml', 'a/y.yml', 'z.yaml', '.git/x.yaml', 'node_modules/x.yaml', 'README.md']) {
    await writeFile(join(dir.path, path), path);
  }
  await mkdir(join(dir.path, 'folder.yaml/ä b'), { recursive: true });
  await writeFile(join(dir.path, 'folder.yaml/ä b/ü.yaml'), 'deep');
  const files = await readFolder(dir.path);
  expect(files.map((file) => file.path)).toEqual(['a/y.yml', 'b/x.yaml', 'folder.yaml/ä b/ü.yaml', 'z.yaml']);
  expect(new TextDecoder().decode(files[1]?.bytes)).toBe('b/x.yaml');
});

const noLink = 'it is a link, and the gateway reads none';

test.each<[string, (dir: string) => unknown, string]>([
  ['a link that leads out', (dir) => symlink('/etc/hostname', join(dir, 'x.yaml')), noLink],
  ['a link to a folder outside', (dir) => symlink('/etc', join(dir, 'policies')), noLink],
  ['a link inside', (dir) => symlink('good.yaml', join(dir, 'x.yaml')), noLink],
  ['a link to nothing', (dir) => symlink('gone', join(dir, 'x.yaml')), noLink],
  ['a link to itself', (dir) => symlink('x.yaml', join(dir, 'x.yaml')), noLink],
  ['a FIFO', (dir) => execFileSync('mkfifo', [join(dir, 'x.yaml')]), 'it is not a regular file'],
  [
    'a file over 1 MiB',
    (dir) => writeFile(join(dir, 'x.yaml'), Buffer.alloc(1024 * 1024 + 1)),
    'the file has 1048577 bytes',
  ],
])('refuses %s, and reads the rest', async (_name, prepare, why) => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-folder-'));
  await writeFile(join(dir.path, 'good.yaml'), 'good');
  await prepare(dir.path);
  const { files, problems } = surveyFolder(dir.path);
  expect(files.map(({ path }) => path)).toEqual(['good.yaml']);
  expect(problems).toMatchObject([{ severity: 'error', message: why, at: { line: 1, column: 1 } }]);
  expect(problems[0]?.fix).toBeTruthy();
  await expect(readFolder(dir.path)).rejects.toMatchObject({ code: 'FileUnreadable', why });
});

test('a file that goes away between its folder and itself', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-folder-'));
  await writeFile(join(dir.path, 'x.yaml'), '');
  const open = vi.spyOn(fs, 'openSync').mockImplementation((path) => {
    fs.rmSync(path);
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  });
  syncBuiltinESMExports();
  try {
    expect(surveyFolder(dir.path).problems).toMatchObject([
      { message: 'it went away while the folder was read', fix: 'run it again', at: { file: 'x.yaml' } },
    ]);
  } finally {
    open.mockRestore();
    syncBuiltinESMExports();
  }
});

test('a folder that is not there', async () => {
  await expect(readFolder('/nowhere/at/all')).rejects.toMatchObject({
    code: 'FileUnreadable',
    why: 'there is no such folder',
  });
});
