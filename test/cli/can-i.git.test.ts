import { expect, test } from 'vitest';
import { validateDecisionReport } from '../../core/schema/decision-report.ts';
import { runSluice } from '../support/run-sluice.ts';

const can = (...args: string[]) => runSluice(['can-i', '--repo', 'policies-example', ...args]);

test('yes: the rule, where it stands, until when, what is hidden', async () => {
  expect(await can('consume', 'customers.new', '--as', 'bob', '--cluster', 'main')).toEqual({
    stdout: [
      'yes: bob may consume customers.new on main',
      '  rule:    AccessPolicy shop-read (policies-example/policies/policies.yaml:5:9)',
      '  until:   the rules change',
      '  masks:   payments-pii (social-security, e-mail)',
      '  streams: customers',
      '  record:  strict',
      '',
    ].join('\n'),
    stderr: '',
    code: 0,
  });
});

test('no: why, and the command that asks', async () => {
  expect(await can('consume', 'payments.refunds.eu', '--as', 'alice', '--cluster', 'main')).toEqual({
    stdout: [
      'no: alice may not consume topic payments.refunds.eu on main: no policy allows it',
      '  rule: default deny',
      '  near: AccessPolicy payments-read-on-request (policies-example/policies/payments.yaml:5:9) would allow it on request',
      '  ask:  sluice access request --stream payments --operation consume --for 1h --reason "..."',
      "  note: grant '2026-11-24-alice-payments' (policies-example/grants/2026-11/2026-11-24-alice-payments.yaml) is not counted: only a gateway knows whether it is live",
      '',
    ].join('\n'),
    stderr: '',
    code: 1,
  });
});

test.each([
  ['in office hours', '2026-11-24T10:00:00+01:00', 0, '2026-11-24T17:00:00.000Z'],
  ['at night', '2026-11-24T20:00:00+01:00', 1, '2026-11-25T07:00:00.000Z'],
])('hours: %s', async (_name, at, code, until) => {
  const ran = await can(
    'consume',
    'clicks.web',
    '--as',
    'erin',
    '--cluster',
    'analytics',
    '--at',
    at,
    '--format',
    'json',
  );
  expect(ran).toMatchObject({ stderr: '', code });
  const report = JSON.parse(ran.stdout);
  validateDecisionReport(report);
  expect(validateDecisionReport.errors).toBe(null);
  expect(report).toMatchObject({ version: 1, until });
});

test('a member by claim', async () => {
  const question = ['consume', 'clicks.web', '--as', 'bob', '--cluster', 'analytics', '--at', '2026-11-24T09:00:00Z'];
  expect(await can(...question)).toMatchObject({ code: 1 });
  expect(await can(...question, '--claim-group', 'analysts')).toMatchObject({ code: 0 });
});

test('an explicit deny', async () => {
  const { stdout, code } = await can('consume', 'customers.new', '--as', 'erin', '--cluster', 'main');
  expect(stdout).toContain(
    "no: erin may not consume topic customers.new on main: policy 'no-contractors-on-confidential' denies it\n",
  );
  expect(code).toBe(1);
});

test.each([
  [
    'a group that no token gives',
    ['consume', 'x', '--as', 'alice', '--cluster', 'main', '--claim-group', 'platform'],
    2,
    "no token of 'alice' can put them into group 'platform'",
  ],
  ['an Identity that is not', ['consume', 'x', '--as', 'alcie', '--cluster', 'main'], 2, "did you mean 'alice'?"],
  ['a Cluster that is not', ['consume', 'x', '--as', 'alice', '--cluster', 'mian'], 2, "did you mean 'main'?"],
  ['no Cluster, two to choose from', ['consume', 'x', '--as', 'alice'], 2, 'add --cluster with one of analytics, main'],
  [
    'a time without offset',
    ['consume', 'x', '--as', 'alice', '--cluster', 'main', '--at', '2026-11-24'],
    2,
    'code: BadInstant',
  ],
  ['a word that is no operation', ['eat', 'x', '--as', 'alice'], 2, 'Expected eat to be one of: consume, '],
])('wrong usage: %s', async (_name, args, code, text) => {
  const ran = await can(...args);
  expect(ran).toMatchObject({ stdout: '', code });
  expect(ran.stderr).toContain(text);
});

test('a broken repo decides nothing', async () => {
  const ran = await runSluice(['can-i', 'consume', 'x', '--as', 'alice', '--repo', 'test/fixtures/broken-repo']);
  expect(ran).toMatchObject({ stdout: '', code: 3 });
  expect(ran.stderr).toContain('code: InvalidPolicyRepo');
});
