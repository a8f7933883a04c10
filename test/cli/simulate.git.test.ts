import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../core/audit/event.ts';
import { validateSimulateReport } from '../../core/schema/simulate-report.ts';
import { signer, tempFolder, writeLog } from '../core/audit/recorded.ts';
import { repoFiles } from '../support/policy-set.ts';
import { runSluice } from '../support/run-sluice.ts';

type Docs = Parameters<typeof repoFiles>[0];
const uid = 'a'.repeat(32);
const docs: Docs = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ['Stream', 'paid', '{cluster: main, topics: [{prefix: paid.}]}'],
  ['Identity', 'ada', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
  ['Identity', 'bob', '{person: {oidc: [{issuer: https://idp, subject: b}]}}'],
  ['Group', 'leads', '{members: [bob]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 1}]}}'],
  ['AccessPolicy', 'read', '{mode: standing, subjects: [{group: claimed}], streams: [orders], operations: [consume]}'],
  ['AccessPolicy', 'write', '{mode: standing, subjects: [{identity: ada}], streams: [orders], operations: [produce]}'],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{identity: ada}], streams: [paid], operations: [consume], approval: leads}',
  ],
  ['MaskPolicy', 'cards', '{streams: [paid], rules: [{name: card, path: card, action: redact}]}'],
];
const but = (name: string, spec: string): Docs =>
  docs.map(([kind, own, old]) => [kind, own, own === name ? spec : old] as const);

function given() {
  const folder = tempFolder();
  const repo = join(folder.path, 'repo');
  const write = (documents: Docs): void => {
    for (const { path, bytes } of repoFiles(documents)) {
      mkdirSync(dirname(join(repo, path)), { recursive: true });
      writeFileSync(join(repo, path), bytes);
    }
  };
  write(docs);
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { encoding: 'utf8' });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  const revision = git('rev-parse', 'HEAD').trim();
  const by = { principal: 'ada', cluster: 'main', source: '10.0.0.1:5000', sid: 's1' };
  const events: AuditEvent[] = [
    { kind: 'policy_change', toRevision: revision, generation: 1 },
    { kind: 'session_open', ...by },
    {
      kind: 'fetch_done',
      ...by,
      policy: 'read',
      topics: [
        { topic: 'orders.a', partition: 0, records: 5 },
        { topic: 'orders.a', partition: 1, records: 2 },
      ],
      bytes: 70,
      requests: 40,
      from: Date.UTC(2026, 0, 4),
    },
    {
      kind: 'fetch_done',
      ...by,
      policy: 'ask',
      grant: uid,
      topics: [
        { topic: 'paid.a', partition: 0, records: 3, masks: [{ rule: 'cards/card', action: 'redact', count: 3 }] },
      ],
      bytes: 30,
    },
    // Ended by the end of a grant, while it waited: no rule let anything pass.
    { kind: 'fetch_cut', ...by, topics: [{ topic: 'paid.b', partition: -1 }], bytes: 0, reason: 'expired' },
    {
      kind: 'produce_intent',
      ...by,
      policy: 'write',
      topics: [{ topic: 'orders.b', partition: 0, records: 1 }],
      bytes: 9,
    },
    { kind: 'produce_done', ...by, policy: 'write', topics: [{ topic: 'orders.b', partition: 0 }] },
    {
      kind: 'deny',
      ...by,
      principal: 'bob',
      operation: 'consume',
      resource: 'topic',
      name: 'orders.a',
      code: 'NoRule',
    },
    { kind: 'summary', ...by, of: 'deny', code: 'NoRule', count: 9, from: 0, to: 1 },
    { kind: 'session_close', ...by, reason: 'client' },
  ];
  const recordings = join(folder.path, 'recordings');
  const { segments } = writeLog(recordings, [events]);
  const simulate = (...more: string[]) => runSluice(['simulate', repo, '--from', recordings, ...more]);
  return { write, git, simulate, segment: segments[0]!, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

async function differences(at: ReturnType<typeof given>, ...more: string[]) {
  const ran = await at.simulate('--key', signer.vkey, '--format', 'json', ...more);
  expect(ran.stderr).toBe('');
  const report = JSON.parse(ran.stdout);
  validateSimulateReport(report);
  expect(validateSimulateReport.errors).toBe(null);
  return {
    code: ran.code,
    report,
    told: report.differences.map(
      (one: Record<string, unknown>) =>
        `${one['change']} ${one['principal']} ${one['operation']} ${one['streams']} ${one['rule']}: ${one['requests']}`,
    ),
  };
}

test('the same rules make no difference', async () => {
  using at = given();
  expect(await at.simulate('--key', signer.vkey)).toEqual({
    stdout:
      '43 requests of a recording against the files in the folder\n\n9 requests are only counted in the recording, and were not asked about\nno difference\n',
    stderr: '',
    code: 0,
  });
});

test('what worked and would be denied ends with 1, with the line and the rule', async () => {
  using at = given();
  at.write(but('read', '{mode: standing, subjects: [{identity: bob}], streams: [orders], operations: [consume]}'));
  const { code, report, told } = await differences(at);
  expect(code).toBe(1);
  expect(told).toEqual([
    'denied ada consume orders default deny: 40',
    expect.stringMatching(/^allowed bob consume orders AccessPolicy read \(.*policies\/read.yaml:3:18\): 1$/),
  ]);
  expect(report.differences[0]).toMatchObject({
    why: 'NoRule',
    records: 7,
    examples: [{ at: `${at.segment}:4`, name: 'orders.a' }],
  });
  expect((await differences(at, '--fail-on', 'none')).code).toBe(0);
  expect((await differences(at, '--rev', 'HEAD')).told).toEqual([]);
});

test.each<[string, Docs, string[], number]>([
  [
    'a new mask',
    [...docs, ['MaskPolicy', 'mail', '{streams: [orders], rules: [{name: mail, detector: email, action: hash}]}']],
    ['masked ada consume orders mail/mail: 40'],
    0,
  ],
  [
    'a mask that goes',
    but('cards', '{streams: [orders], on: [produce], rules: [{name: card, path: card, action: redact}]}'),
    ['masked ada produce orders cards/card: 1', 'unmasked ada consume paid cards/card: 1'],
    0,
  ],
  [
    'a mask that a grant lifts',
    but(
      'ask',
      '{mode: onRequest, subjects: [{identity: ada}], streams: [paid], operations: [consume], approval: leads, unmask: [cards/card]}',
    ),
    ['unmasked ada consume paid cards/card: 1'],
    0,
  ],
  [
    'a policy that grants rested on',
    but(
      'ask',
      '{mode: onRequest, subjects: [{identity: bob}], streams: [paid], operations: [consume], approval: leads}',
    ),
    ['denied ada consume paid default deny: 1'],
    1,
  ],
  [
    'a condition over claims',
    but(
      'write',
      `{mode: standing, subjects: [{identity: ada}], streams: [orders], operations: [produce], when: 'claims.mfa == true'}`,
    ),
    ['unsure ada produce orders AccessPolicy write: 1'],
    0,
  ],
  [
    'a condition over the address',
    but(
      'write',
      `{mode: standing, subjects: [{identity: ada}], streams: [orders], operations: [produce], when: 'inCidr(source.address, "192.0.2.0/24")'}`,
    ),
    ['denied ada produce orders AccessPolicy write: 1'],
    1,
  ],
  [
    'which holds',
    but(
      'write',
      `{mode: standing, subjects: [{identity: ada}], streams: [orders], operations: [produce], when: 'inCidr(source.address, "10.0.0.0/8")'}`,
    ),
    [],
    0,
  ],
])('%s', async (_name, changed, expected, code) => {
  using at = given();
  at.write(changed);
  const found = await differences(at);
  expect(found.told.map((text: string) => text.replace(/ \(.*\)/, ''))).toEqual(expected);
  expect(found.code).toBe(code);
});

test('a recording that was tampered with is refused, unless it is to be taken as it is', async () => {
  using at = given();
  writeFileSync(at.segment, readFileSync(at.segment, 'utf8').replace('"records":5', '"records":1'));
  const refused = await at.simulate('--key', signer.vkey);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('the recording is not what was written');
  expect(await at.simulate('--unverified')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('an unverified recording'),
  });
  expect(await at.simulate()).toMatchObject({ code: 2, stdout: '' });
});
