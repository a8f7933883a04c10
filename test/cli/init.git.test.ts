import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';

test('a new repo is valid at once, and every document finds its schema', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  const made = await runSluice(['init', 'policies'], { cwd: dir.path });
  expect(made).toMatchObject({ stderr: '', code: 0 });
  expect(made.stdout).toContain('next:\n  sluice validate policies\n');
  expect(await runSluice(['validate', 'policies'], { cwd: dir.path })).toEqual({
    stdout: 'ok: 15 documents, no problems\n',
    stderr: '',
    code: 0,
  });
  expect(await runSluice(['test', 'policies', '--min-coverage', '100'], { cwd: dir.path })).toMatchObject({
    stderr: '',
    code: 0,
  });
  const root = join(dir.path, 'policies');
  const files = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.yaml'));
  expect(files.length).toBe(11);
  for (const file of files) {
    const modeline = /^# yaml-language-server: \$schema=(\S+)\n/.exec(await readFile(join(root, file), 'utf8'))?.[1];
    expect(JSON.parse(await readFile(join(root, file, '..', modeline ?? 'none'), 'utf8'))).toHaveProperty('$id');
  }
});

test('git init before it is fine', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await promisify(execFile)('git', ['init', '-q', dir.path]);
  expect(await runSluice(['init', dir.path, '--forge', 'plain'])).toMatchObject({ stderr: '', code: 0 });
});

test('a folder with files is refused and left as it is', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await writeFile(join(dir.path, 'notes.txt'), 'mine');
  expect(await runSluice(['init', '.'], { cwd: dir.path })).toEqual({
    stdout: '',
    stderr:
      'error: . is not empty\n  why:  it holds notes.txt\n  fix:  name a new or empty folder\n  at:   .\n  code: FolderNotEmpty\n',
    code: 3,
  });
  expect(await readdir(dir.path)).toEqual(['notes.txt']);
});

test('below a file nothing can be made, and it says so', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await writeFile(join(dir.path, 'file'), 'mine\n');
  const { code, stderr } = await runSluice(['init', join(dir.path, 'file', 'repo')]);
  expect(code).toBe(3);
  expect(stderr).toContain('FileNotWritten');
  expect(await readFile(join(dir.path, 'file'), 'utf8')).toBe('mine\n');
});

test('a reader that leaves early is no error', async () => {
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', 'cli/sluice --help | head -1'], {
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['Just-in-time access to Kafka and Pulsar as code\n', '']);
});
