import { writeFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { runDemo } from '../support/run-demo.ts';
import { tempDir } from '../support/temp-dir.ts';

test("the story of the demo goes to its end on plain git, with a broker of one's own", async () => {
  await using dir = await tempDir();
  const { bootstrap, adminUser, adminPassword } = inject('kafka');
  const passwordFile = dir.join('password');
  writeFileSync(passwordFile, `${adminPassword}\n`);
  const own = ['--bootstrap', bootstrap, '--user', adminUser, '--password-file', passwordFile];
  const { code, told, failed } = await runDemo(dir.join('story'), own);
  expect([code, failed], told).toEqual([0, '']);
  expect(told).toContain('merged is not granted: SelfApproval');
  expect(told).toContain('whole: nothing is missing and every line is as it was written');
}, 120_000);

test('it says which forges there are', async () => {
  await using dir = await tempDir();
  const { code, failed } = await runDemo(dir.join('story'), ['--forge', 'sourcehut']);
  expect([code, failed]).toEqual([1, expect.stringContaining('give plain or gitea')]);
});
