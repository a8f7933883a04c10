import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { validateTestReport } from '../../core/schema/test-report.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const failing = `apiVersion: sluice.dev/v1
kind: PolicyTest
metadata:
  name: z-wrong
spec:
  given:
    principal: alice
    at: 2026-11-24T10:00:00+01:00
  expect:
    - operation: consume
      stream: payments
      effect: allow
    - { operation: consume, topic: orders.new, cluster: main, effect: deny }
    - operation: consume
      topic: customers.new
      cluster: main
      effect: allow
      masks: [payments-pii/e-mail]
    - { operation: consume, topic: orders.new, cluster: main, effect: allow, until: 2027-01-01T00:00:00Z }
    - { operation: consume, topic: orders.new, cluster: main, effect: allow, rule: clickstream-read }
    - { operation: consume, topic: elsewhere, cluster: main, effect: deny, code: NoRule }
---
apiVersion: sluice.dev/v1
kind: PolicyTest
metadata:
  name: z-another-token
spec:
  given:
    principal: alice
    claims: { sub: 00ub2 }
    at: 2026-11-24T10:00:00+01:00
  expect:
    - { operation: consume, stream: payments, effect: deny }
`;

async function exampleRepo(files: Readonly<Record<string, string>>) {
  const dir = await tempDir();
  await cp('policies-example', dir.join('policies'), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(dir.join('policies', path), text);
  return dir;
}

test('the example repo: all pass, every rule is reached', async () => {
  expect(await runSluice(['test', 'policies-example', '--min-coverage', '100'])).toEqual({
    stdout: 'coverage: 14 of 14 rules, 100 %\n\nok: 18 tests, 33 assertions\n',
    stderr: '',
    code: 0,
  });
});

test.each(['pretty', 'json', 'junit', 'github'])('assertions that do not hold as %s', async (format) => {
  await using dir = await exampleRepo({ 'tests/wrong.yaml': failing });
  const args = ['test', 'policies', '--run', '^z-', '--coverage', '--format', format];
  const { stdout, stderr, code } = await runSluice(args, { cwd: dir.path });
  expect(code).toBe(1);
  expect(stderr).toBe(format === 'github' ? 'not ok: 2 tests, 7 assertions, 2 failed\n' : '');
  await expect(stdout).toMatchFileSnapshot(`../fixtures/test/failing.${format}.txt`);
  if (format !== 'json') return;
  validateTestReport(JSON.parse(stdout));
  expect(validateTestReport.errors).toBe(null);
});

test('coverage that is too low fails, and the rule is named', async () => {
  await using dir = await exampleRepo({});
  await rm(dir.join('policies/tests/analytics.yaml'));
  const { stdout, stderr, code } = await runSluice(['test', 'policies', '--min-coverage', '90'], { cwd: dir.path });
  expect([stderr, code]).toEqual(['', 1]);
  expect(stdout).toBe(
    [
      'coverage: 12 of 14 rules, 85.7 %',
      '  not reached: AccessPolicy clickstream-read (policies/policies/policies.yaml:18:9)',
      '  not reached: AccessPolicy ci-announces-deploys (policies/policies/policies.yaml:38:9)',
      '',
      'not ok: 11 tests, 23 assertions, coverage 85.7 % is below 90 %',
      '',
    ].join('\n'),
  );
  expect((await runSluice(['test', 'policies', '--min-coverage', '84'], { cwd: dir.path })).code).toBe(0);
});

test.each([
  ['no test has the name', ['test', 'policies-example', '--run', 'no-such-test'], 1, 'no tests found'],
  ['the pattern is none', ['test', 'policies-example', '--run', '('], 2, 'not a regular expression'],
  ['the percentage is none', ['test', 'policies-example', '--min-coverage', '101'], 2, '101'],
  ['the repo is broken', ['test', 'test/fixtures/broken-repo'], 3, 'sluice validate test/fixtures/broken-repo'],
])('%s', async (_name, args, code, text) => {
  const ran = await runSluice(args);
  expect(ran.code).toBe(code);
  expect(ran.stdout + ran.stderr).toContain(text);
});

test('a folder without tests is a failure', async () => {
  await using dir = await exampleRepo({});
  await rm(dir.join('policies/tests'), { recursive: true });
  expect(await runSluice(['test', 'policies'], { cwd: dir.path })).toEqual({
    stdout: 'not ok: no tests found in policies\n',
    stderr: '',
    code: 1,
  });
});

test('validate holds tests against the rules, and a test elsewhere is misplaced', async () => {
  const bad = failing.replace('stream: payments\n', 'stream: payment\n');
  await using dir = await exampleRepo({ 'tests/wrong.yaml': bad, 'policies/test.yaml': failing });
  await mkdir(dir.join('policies/tests/more'));
  await cp(dir.join('policies/groups/groups.yaml'), dir.join('policies/tests/more/groups.yaml'));
  const { stdout, code } = await runSluice(['validate', 'policies', '--format', 'github'], { cwd: dir.path });
  expect(code).toBe(1);
  expect(stdout).toContain('move it to tests/');
  expect(stdout).toContain('move it to groups/');
  await rm(dir.join('policies/policies/test.yaml'));
  await rm(dir.join('policies/tests/more'), { recursive: true });
  const told = await runSluice(['validate', 'policies', '--format', 'github'], { cwd: dir.path });
  expect(told).toMatchObject({
    code: 1,
    stdout:
      "::error file=policies/tests/wrong.yaml,line=11,col=15,endLine=11,endColumn=22,title=reference/dangling::there is no Stream 'payment'%0Afix: did you mean 'payments'?\n",
  });
});
