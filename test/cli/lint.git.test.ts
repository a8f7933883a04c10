import { cp, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { validateValidateReport } from '../../core/schema/validate-report.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const smelly = 'test/fixtures/smelly-repo';

test('the example repo and a new repo have no smell', async () => {
  const clean = await runSluice(['lint', 'policies-example', '--max-warnings', '0']);
  expect(clean).toEqual({ stdout: 'ok: 54 documents, no problems\n', stderr: '', code: 0 });
  await using dir = await tempDir();
  await runSluice(['init', 'new'], { cwd: dir.path });
  const fresh = await runSluice(['lint', 'new', '--max-warnings', '0'], { cwd: dir.path });
  expect(fresh).toEqual({ stdout: 'ok: 15 documents, no problems\n', stderr: '', code: 0 });
});

test.each(['pretty', 'json', 'sarif', 'junit', 'github'])('a smelly repo as %s', async (format) => {
  const { stdout, stderr, code } = await runSluice(['lint', smelly, '--format', format]);
  expect(code).toBe(1);
  expect(stderr).toBe(format === 'github' ? 'not ok: 12 documents, 1 error, 9 warnings\n' : '');
  await expect(stdout).toMatchFileSnapshot(`../fixtures/lint/smelly.${format}.txt`);
  if (format !== 'json') return;
  validateValidateReport(JSON.parse(stdout));
  expect(validateValidateReport.errors).toBe(null);
});

test('warnings fail with --max-warnings alone', async () => {
  await using dir = await tempDir();
  await cp(smelly, dir.join('repo'), { recursive: true });
  const file = dir.join('repo/sluice.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('unused/group: error', 'unused/group: off'));
  const code = async (...args: string[]) => (await runSluice(['lint', 'repo', ...args], { cwd: dir.path })).code;
  expect(await code()).toBe(0);
  expect(await code('--max-warnings', '9')).toBe(0);
  expect(await code('--max-warnings', '8')).toBe(1);
});

test('--rules lists every rule that the reference page has', async () => {
  const { stdout, stderr, code } = await runSluice(['lint', '--rules']);
  expect([stderr, code]).toEqual(['', 0]);
  const page = await readFile('docs/reference/lint.md', 'utf8');
  const ids = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0]!);
  expect([...page.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(ids);
});

test('a repo that does not validate is not linted', async () => {
  const { stdout, stderr, code } = await runSluice(['lint', 'test/fixtures/broken-repo']);
  expect([stdout, code]).toEqual(['', 3]);
  expect(stderr).toContain('run sluice validate test/fixtures/broken-repo');
});
