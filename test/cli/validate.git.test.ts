import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validateValidateReport } from '../../core/schema/validate-report.ts';
import { runSluice } from '../support/run-sluice.ts';

const broken = 'test/fixtures/broken-repo';

test('a sound repo: one line on stdout, nothing on stderr, exit 0', async () => {
  expect(await runSluice(['validate', 'policies-example'])).toEqual({
    stdout: 'ok: 54 documents, no problems\n',
    stderr: '',
    code: 0,
  });
});

test('the folder one is in is the default', async () => {
  expect(await runSluice(['validate'], { cwd: 'policies-example' })).toMatchObject({ code: 0, stderr: '' });
});

test.each(['pretty', 'json', 'sarif', 'junit', 'github'])('a broken repo as %s', async (format) => {
  const { stdout, stderr, code } = await runSluice(['validate', broken, '--format', format]);
  expect(code).toBe(1);
  expect(stderr).toBe(format === 'github' ? 'not ok: 8 documents, 9 errors, 1 warning\n' : '');
  await expect(stdout).toMatchFileSnapshot(`../fixtures/validate/broken.${format}.txt`);
});

test('a repo whose documents are sound one by one and contradict each other', async () => {
  const { stdout, stderr, code } = await runSluice(['validate', 'test/fixtures/contradicting-repo']);
  expect([code, stderr]).toEqual([1, '']);
  await expect(stdout).toMatchFileSnapshot('../fixtures/validate/contradicting.pretty.txt');
});

test('the JSON is as its schema says', async () => {
  for (const repo of [broken, 'policies-example']) {
    const { stdout } = await runSluice(['validate', repo, '--format', 'json']);
    validateValidateReport(JSON.parse(stdout));
    expect(validateValidateReport.errors).toBe(null);
  }
});

test('nothing of a file reaches the terminal or a workflow as a command', async () => {
  for (const format of ['pretty', 'junit', 'github']) {
    const { stdout } = await runSluice(['validate', broken, '--format', format]);
    expect(stdout).not.toContain('\x1b');
  }
});

test('nothing to check is a problem', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-empty-'));
  const { stdout, code } = await runSluice(['validate', '.'], { cwd: dir.path });
  expect(stdout).toContain('schema/empty-repo');
  expect(code).toBe(1);
});

test.each([
  [['validate', '/nowhere'], 3, 'error: cannot read /nowhere\n  why:  there is no such folder\n'],
  [['validate', '--formt', 'json'], 2, 'error: Nonexistent flag: --formt\n'],
  [
    ['validate', '--format', 'yaml'],
    2,
    'error: Expected --format=yaml to be one of: pretty, json, sarif, junit, github\n',
  ],
  [['vaildate'], 2, 'error: command vaildate not found\n'],
])('%j ends with %d', async (args, code, text) => {
  const ran = await runSluice(args);
  expect(ran).toMatchObject({ stdout: '', code });
  expect(ran.stderr).toContain(text);
});

test.each(['validate', 'can-i', 'init', 'fmt', 'lint', 'test'])('%s --help has examples', async (command) => {
  const { stdout, stderr, code } = await runSluice([command, '--help']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('EXAMPLES');
});
