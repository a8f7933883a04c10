import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validateExplainReport } from '../../core/schema/explain-report.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const explain = (...args: string[]) => runSluice(['explain', ...args]);
const at = ['--at', '2026-11-24T10:00:00Z'];

test('no: each rule in the order in which it counts, the masks, and what to ask for', async () => {
  const asked = ['consume', 'payments.orders', '--as', 'alice', '--cluster', 'main', '--repo', 'policies-example'];
  const { stdout, stderr, code } = await explain(...asked, ...at);
  expect({ stderr, code }).toEqual({ stderr: '', code: 1 });
  expect(stdout.split('\n').filter((line) => /^\d\.|would allow|is not about|^Ask|card-path/.test(line))).toEqual([
    '1. Does a policy deny it? no',
    '   AccessPolicy no-contractors-on-confidential (policies-example/policies/policies.yaml:80:9) on payments: is not about alice',
    '2. Is it revoked? no',
    '3. Does a live grant allow it? no',
    '4. Does a standing policy allow it? no',
    '5. Could it be asked? yes',
    '   AccessPolicy payments-read-on-request (policies-example/policies/payments.yaml:5:9) on payments: would allow it on request',
    '   AccessPolicy payments-unmasked-on-request (policies-example/policies/payments.yaml:42:9) on payments: is not about alice',
    '   AccessPolicy payments-write-on-request (policies-example/policies/payments.yaml:26:9) on payments: is not about consume',
    '6. What no rule allows is denied.',
    '   payments-cards/card-path (policies-example/masks/payments.yaml:5:9): partial; would hide it, were it allowed',
    'Near    AccessPolicy payments-read-on-request (policies-example/policies/payments.yaml:5:9) would allow it on request',
    'Ask     sluice access request --stream payments --operation consume --for 1h --reason "..."',
  ]);
});

test('yes, as JSON of its schema', async () => {
  const asked = ['consume', 'customers.new', '--as', 'bob', '--cluster', 'main', '--repo', 'policies-example'];
  const { stdout, stderr, code } = await explain(...asked, ...at, '--format', 'json');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const report = JSON.parse(stdout);
  validateExplainReport(report);
  expect(validateExplainReport.errors).toBe(null);
  expect(report).toMatchObject({
    decision: { effect: 'allow', rule: { name: 'shop-read' } },
    groups: ['payments-leads', 'payments-oncall'],
    masks: [
      { rule: 'payments-pii/social-security', applies: true, why: 'no policy lifts it' },
      { rule: 'payments-pii/e-mail', applies: true, why: expect.stringContaining('only a live grant under') },
    ],
  });
});

test('a condition: met, not met, not known; and a revision without it', async () => {
  await using folder = await tempDir();
  const repo = folder.path;
  await cp('policies-example', repo, { recursive: true });
  const { execFileSync } = await import('node:child_process');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'pipe' });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  const file = join(repo, 'policies', 'policies.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(
      'name: shop-read\nspec:\n',
      `name: shop-read\nspec:\n  when: 'claims.mfa == true && inCidr(source.address, "10.0.0.0/8")'\n`,
    ),
  );
  const ask = (...more: string[]) =>
    explain('consume', 'customers.new', '--as', 'bob', '--cluster', 'main', '--repo', repo, ...at, ...more);
  expect(await ask('--claim', 'mfa=true', '--source', '10.1.1.1')).toMatchObject({ code: 0, stderr: '' });
  expect(await ask('--claim', 'mfa=true', '--source', '192.0.2.1')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('its condition is not met: claims.mfa == true'),
  });
  expect(await ask('--source', '10.1.1.1')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('needs what is not known here: claims.mfa == true'),
  });
  expect(await ask('--rev', 'HEAD')).toMatchObject({ code: 0 });
  expect(await ask('--rev', 'nothing')).toMatchObject({ code: 3, stdout: '' });
  expect(await ask('--source', 'office')).toMatchObject({ code: 2, stdout: '' });
  expect(
    await runSluice(['can-i', 'consume', 'customers.new', '--as', 'bob', '--cluster', 'main', '--repo', repo]),
  ).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("the condition of 'shop-read' is not met"),
  });
});
