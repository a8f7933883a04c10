/**
 * Places that nothing can be written to, for root too: below a file, in /proc, and a name with no room for a temporary
 * beside it.
 * A clear error, exit code 3, and what was there is as it was.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

test.each([
  ['schemas', ['--out', 'file/below']],
  ['settings of an editor', ['--out', 'file/below', '--editor', 'vscode']],
])('schema cannot write %s below a file', async (_name, args) => {
  await using dir = await tempDir();
  writeFileSync(dir.join('file'), 'as it was');
  const { stdout, stderr, code } = await runSluice(['schema', '.', ...args], { cwd: dir.path });
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(
    /^error: cannot write .*\n {2}why: {2}ENOTDIR\n {2}fix: {2}.*\n {2}at: .*\n {2}code: FileNotWritten\n$/,
  );
  expect(readdirSync(dir.path)).toEqual(['file']);
  expect(readFileSync(dir.join('file'), 'utf8')).toBe('as it was');
});

test.each(['/proc/self/x', '/proc/x/y'])('init ends at once at %s, where no folder can be made', (folder) => {
  const binary = fileURLToPath(new URL('../../cli/sluice', import.meta.url));
  const ran = spawnSync(binary, ['init', folder], { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' });
  expect([ran.status, ran.stdout]).toEqual([3, '']);
  expect(ran.stderr).toBe(
    `error: cannot write ${folder}/sluice.yaml\n  why:  ENOENT\n  fix:  ${folder} cannot be made; name another folder\n  at:   ${folder}/sluice.yaml\n  code: FileNotWritten\n`,
  );
});

test('fmt leaves a file whole that it cannot replace, and formats the others', async () => {
  await using dir = await tempDir();
  const untidy = 'kind: Cluster\napiVersion: sluice.dev/v1\nmetadata: {name: main}\nspec: {type: kafka}\n';
  const long = `${'a'.repeat(245)}.yaml`;
  writeFileSync(dir.join(long), untidy);
  const { stderr, code } = await runSluice(['fmt', '.'], { cwd: dir.path });
  expect(code).toBe(3);
  expect(stderr).toContain('code: FileNotWritten');
  expect(readdirSync(dir.path)).toEqual([long]);
  expect(readFileSync(dir.join(long), 'utf8')).toBe(untidy);
});
