import { expect, test } from 'vitest';
import { validateWhoCanReport } from '../../core/schema/who-can-report.ts';
import { runSluice } from '../support/run-sluice.ts';

const who = (...args: string[]) => runSluice(['who-can', ...args, '--repo', 'policies-example']);
const at = ['--at', '2026-11-24T10:00:00Z'];

test('who can ask, through which rule, and who signs', async () => {
  const { stdout, stderr, code } = await who('consume', 'payments.orders', '--cluster', 'main', ...at);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stdout.split('\n').slice(0, 11)).toEqual([
    'consume topic payments.orders on main, 2026-11-24T10:00:00.000Z',
    '',
    'Can now: nobody',
    '',
    'Can ask: 3',
    '  alice, bob',
    '    rule:    AccessPolicy payments-read-on-request (policies-example/policies/payments.yaml:5:9), group payments-oncall',
    '    for:     up to PT4H',
    '    signed:  payments-leads: 1 of payments-leads (bob, carol)',
    '    masks:   payments-cards (card-path, security-code, card-anywhere), payments-pii (social-security, e-mail)',
    '    record:  strict',
  ]);
});

test('JSON of its schema, and who is nobody', async () => {
  const asked = ['consume', 'clicks.web', '--cluster', 'analytics', '--format', 'json'];
  const day = await who(...asked, ...at);
  expect(day).toMatchObject({ stderr: '', code: 0 });
  const report = JSON.parse(day.stdout);
  validateWhoCanReport(report);
  expect(validateWhoCanReport.errors).toBe(null);
  expect(report.holders).toContainEqual(
    expect.objectContaining({ principal: 'erin', how: 'now', until: '2026-11-24T17:00:00.000Z' }),
  );
  expect(report.holders).toContainEqual(
    expect.objectContaining({ principal: 'alice', how: 'now', claimGroups: ['analysts'] }),
  );
  expect(await who('delete', 'clicks.web', '--cluster', 'analytics')).toMatchObject({ code: 1, stderr: '' });
  expect(await who('consume', 'clicks.web')).toMatchObject({ code: 2, stdout: '' });
});
