import { beforeAll, expect, test } from 'vitest';
import { grantMarkdown, requestMarkdown } from '../../../cli/output/grant-markdown.ts';
import { tellGrant } from '../../../core/admission/told-grant.ts';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import type { Grant, PolicySet } from '../../../core/model/documents.ts';
import { readFolder } from '../../../core/source/folder.ts';

let set: PolicySet;
let grant: Grant;

beforeAll(async () => {
  set = loadPolicySet(await readFolder('policies-example')).policySet!;
  [grant] = [...set.grants.values()] as [Grant];
});

const repo = { repoId: '1', branch: 'main' };
const told = (change: Partial<Grant> = {}): string => grantMarkdown(tellGrant(set, { ...grant, ...change }, repo));

test('it says who gets what, why, who approves, what it widens and how to end it', () => {
  const text = told();
  for (const row of [
    '| Who | `alice` |',
    '| May | `consume` |',
    '| On streams | `payments` |',
    '| Only topics | `payments.refunds.*` |',
    '| For | `PT2H from the merge` |',
    '| Under policy | `payments-read-on-request` |',
    '| Why | `INC-4711: refunds are stuck since 09:40` |',
    '- `payments-leads`: 1 of `payments-leads` (`bob`, `carol`)',
    'What it widens:',
    '- **granted access** for `alice`',
    '  - `consume` on `topics payments.refunds.* of payments on main',
    '(+2).',
    '`sluice access revoke 2026-11-24-alice-payments --reason "..."`',
  ]) {
    expect(text).toContain(row);
  }
  expect(text).toMatch(/Digest of what is approved: `[0-9a-f]{64}`/);
  expect(text).not.toContain('Asked by');
  expect(text).not.toContain('Lifts masks');
});

test('where the repo is not known there is no digest', () => {
  expect(grantMarkdown(tellGrant(set, grant, undefined))).not.toContain('Digest');
});

test('masks that it lifts, another subject and a later start are told', () => {
  const text = told({
    subject: 'bob',
    policy: 'payments-unmasked-on-request',
    topics: undefined,
    window: { ...grant.window, duration: 60_000, notBefore: Date.parse('2026-12-01T09:00Z') },
  });
  expect(text).toContain('| Asked by | `alice` |');
  expect(text).toContain('| Lifts masks | `payments-pii/e-mail` |');
  expect(text).toContain('`PT1M from the merge, not before 2026-12-01T09:00:00.000Z`');
  expect(text).toContain('`payments-pii/e-mail (hash) no longer hide it as well`');
});

test('no markup of a reason or ticket comes to life', () => {
  const hostile = '`</code>` | **x** @everyone [l](javascript:x) <img src=x>\n## no\u202e\u001b[31m';
  const text = requestMarkdown(tellGrant(set, { ...grant, reason: hostile, ticket: hostile }, repo));
  const rows = text.split('\n').filter((line) => line.includes('@everyone'));
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    expect(row.replaceAll('\\|', '').split('|')).toHaveLength(4); // two cells
    expect(row).toMatch(/^\| \w+ \| (`+) .* \1 \|$/);
  }
  expect(text).not.toMatch(/^## no/m);
  expect(text).not.toContain('\u202e');
});
