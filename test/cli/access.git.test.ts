import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadDocumentAs } from '../../core/load/load-document.ts';
import { validateGrantDocument } from '../../core/schema/grant.ts';
import { FollowedRepo } from '../gateway/reconcile/followed-repo.ts';
import { runSluice } from '../support/run-sluice.ts';
import { sshKey } from '../support/ssh-key.ts';

const wish = (...more: string[]) => [
  'access',
  'request',
  '--operation',
  'consume',
  '--for',
  '1h',
  '--reason',
  'INC-1',
  ...more,
];
const longer = (duration: string, ...more: string[]) =>
  wish('--stream', 'payments', ...more).map((word) => (word === '1h' ? duration : word));
const refs = (repo: FollowedRepo): string => repo.git('for-each-ref', '--format=%(refname) %(objectname)');

test('from the request to the end: what each step says, and its exit code', async () => {
  await using repo = await FollowedRepo.make();
  const asked = await repo.as('alice', ...wish('--stream', 'payments', '--ticket', 'INC-1'));
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  const name = /^Requested: (\S+)$/m.exec(asked.stdout)![1]!;
  expect(name).toMatch(/^\d{4}-\d\d-\d\d-alice-payments-[0-9a-f]{6}$/);
  expect(asked.stdout).toContain('payments-lead: 1 of payments-leads (bob, carol)');
  expect(asked.stdout).toMatch(/^widens granted access\n {2}who: {4}alice\n[\s\S]*^Requested: /m); // before it is sent
  expect(asked.stdout).toContain('hours of access of alice in 30 days: 736 -> 737 (+1)');
  const message = repo.git('log', '-1', '--format=%B', `request/${name}`);
  expect(message).toMatch(/^Ask for consume on payments for alice\n\n\| \| \|\n/);
  expect(message).toContain(`after: \`grant ${name}, PT1H\``);
  expect(asked.stdout).toContain(`sluice approval sign ${name}`);

  const open = await repo.as('alice', 'access', 'status', name, '--format', 'json');
  expect(open).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(open.stdout)).toMatchObject({
    name,
    state: 'Open',
    approvedBy: [],
    waitingFor: ['payments-lead: 1 of payments-leads (bob, carol)'],
  });

  const asking = await repo.as('bob', 'approval', 'sign', name);
  expect(asking).toMatchObject({ code: 2 });
  expect(asking.stderr).toContain('there is nobody to ask');
  expect(asking.stderr).toContain('--yes');
  expect(asking.stdout).toContain('alice'); // what is signed is shown before
  expect(refs(repo)).not.toContain('refs/sluice/approvals');

  const signed = await repo.as('bob', 'approval', 'sign', name, '--yes');
  expect(signed).toMatchObject({ code: 0, stderr: '' });
  for (const text of [
    '"INC-1"',
    'consume on payments',
    'PT1H from the merge',
    'widens granted access',
    'Signed (approve) by bob.',
  ]) {
    expect(signed.stdout).toContain(text);
  }
  const approved = JSON.parse(await repo.done('alice', 'access', 'status', name, '--format', 'json'));
  expect(approved).toMatchObject({ state: 'Open', approvedBy: ['bob'], waitingFor: [] });

  const merged = await repo.as('bob', 'approval', 'merge', name, '--format', 'json');
  expect(merged).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(merged.stdout)).toEqual({ name, commit: await repo.tip() });
  expect(refs(repo).split('\n')).toHaveLength(1); // the request and its approvals are tidied away

  const active = JSON.parse(await repo.done('alice', 'access', 'status', name, '--format', 'json'));
  expect(active).toMatchObject({ state: 'Active', approvedBy: ['bob'] });
  expect(Date.parse(active.end) - Date.parse(active.start)).toBe(3_600_000);
  expect(JSON.parse(await repo.done('carol', 'access', 'list', '--format', 'json'))).toMatchObject([
    { name, state: 'Active' },
  ]);
  expect(await repo.done('carol', 'access', 'list')).toMatch(new RegExp(`^Active +${name}`));

  const revoked = await repo.as('carol', 'access', 'revoke', name, '--reason', 'over', '--format', 'json');
  expect(revoked).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(revoked.stdout)).toMatchObject({
    file: expect.stringMatching(/^revocations\//),
    commit: await repo.tip(),
  });
  const over = await repo.as('alice', 'access', 'status', name);
  expect(over).toMatchObject({ code: 1, stderr: '' });
  expect(over.stdout).toMatch(/^Revoked /);
}, 60_000);

test('a dry run shows the grant and sends nothing', async () => {
  await using repo = await FollowedRepo.make();
  const before = refs(repo);
  const ran = await repo.as('alice', ...wish('--stream', 'payments', '--dry-run', '--format', 'json'));
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const { yaml, file, head, uid, widens, hours, digest } = JSON.parse(ran.stdout);
  expect(widens).toMatchObject([{ how: 'grant', principals: ['alice'], operations: ['consume'] }]);
  expect(hours).toEqual({ before: 736, after: 737 });
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(head).toBeUndefined();
  const { value } = loadDocumentAs(validateGrantDocument, { path: file, bytes: Buffer.from(yaml) });
  expect(value?.spec).toMatchObject({ uid, subject: 'alice', requestedBy: 'alice', policy: 'payments-debug' });
  expect(refs(repo)).toBe(before);
  expect((await repo.as('alice', ...wish('--stream', 'payments', '--dry-run'))).stdout).toContain('Nothing was sent');
});

test('what cannot be asked for is told with its reason and what to do', async () => {
  await using repo = await FollowedRepo.make((files) => ({
    ...files,
    'policies/second.yaml': files['policies/payments-debug.yaml']!.replace('payments-debug', 'payments-other'),
  }));
  const before = refs(repo);
  const cases: readonly [string, readonly string[], number, readonly string[]][] = [
    [
      'alice',
      wish('--stream', 'payments'),
      2,
      ['more than one policy offers this', '--policy with one of payments-debug, payments-other'],
    ],
    [
      'alice',
      wish('--stream', 'paymenst', '--policy', 'payments-debug'),
      2,
      ["no Stream 'paymenst'", "did you mean 'payments'?"],
    ],
    ['alice', wish('--stream', 'payments', '--policy', 'nothing'), 2, ["no policy 'nothing'"]],
    [
      'bob',
      wish('--stream', 'payments'),
      1,
      ['no policy lets bob ask for this', "the nearest is 'payments-debug'", 'code: NotEligible'],
    ],
    ['alice', wish('--stream', 'catalog'), 1, ['no policy lets alice ask', "does not cover stream 'catalog'"]],
    ['alice', longer('9h', '--policy', 'payments-debug'), 1, ['longer than policy', 'PT4H at most']],
    ['alice', longer('soon'), 2, ["'soon' is not a duration", '2h, 30m']],
    ['alice', ['access', 'status', 'nothing'], 2, ["no request or grant 'nothing'", 'access list']],
    ['carol', ['access', 'revoke', 'nothing', '--reason', 'x'], 2, ["no grant 'nothing'", 'access list']],
    ['carol', ['access', 'revoke', '--subject', 'nobody', '--reason', 'x'], 2, ["no Identity 'nobody'"]],
    ['carol', ['access', 'revoke', '--reason', 'x'], 2, ['revoke what?', '--subject']],
    ['bob', ['approval', 'sign', 'nothing', '--yes'], 2, ["no open request 'nothing'"]],
    ['bob', ['approval', 'merge', 'nothing'], 2, ["no open request 'nothing'"]],
  ];
  for (const [who, args, code, texts] of cases) {
    const ran = await repo.as(who, ...args);
    expect([args, ran.code, ran.stdout]).toEqual([args, code, '']);
    for (const text of texts) expect(ran.stderr).toContain(text);
    expect(ran.stderr).toMatch(/^ {2}fix: /m);
  }
  expect(refs(repo)).toBe(before);
}, 60_000);

test('no key, a strange key, no key file, no repo, no branch', async () => {
  await using repo = await FollowedRepo.make();
  const env = { HOME: repo.dir.join('home'), XDG_CACHE_HOME: repo.dir.join('home', 'c') };
  const run = (...args: string[]) => runSluice(args, { env });
  const none = await run(...wish('--stream', 'payments', '--repo', repo.repo.url));
  expect(none).toMatchObject({ code: 3, stdout: '' });
  expect(none.stderr).toContain('whose request is it?');
  const strange = await run(
    ...wish('--stream', 'payments', '--repo', repo.repo.url, '--key', sshKey(repo.dir.join('strange')).file),
  );
  expect(strange.stderr).toContain('the key belongs to no Identity');
  const gone = await run(...wish('--stream', 'payments', '--repo', repo.repo.url, '--key', repo.dir.join('nokey')));
  expect(gone.stderr).toContain('there is no key file');
  expect((await run('access', 'list', '--repo', repo.dir.join('nowhere'))).stderr).toContain(
    'there is no policy repo at',
  );
  const branch = await run('access', 'list', '--repo', repo.repo.url, '--branch', 'next');
  expect(branch).toMatchObject({ code: 2, stderr: expect.stringContaining("no branch 'next'") });
  expect(await run('access', 'list', '--repo', repo.repo.url)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Nothing was asked for yet'),
  });
  expect(await run('access', 'list', '--repo', repo.repo.url, '--format', 'json')).toMatchObject({
    code: 0,
    stdout: '[]\n',
  });
  expect(existsSync(repo.dir.join('home', 'c', 'sluice'))).toBe(true);
});

test('refused: by nobody signed who may, by the subject signed, rejected; each says why and ends with 1', async () => {
  await using repo = await FollowedRepo.make((files) => ({
    ...files,
    'groups/payments-leads.yaml': files['groups/payments-leads.yaml']!.replace('"bob"', '"alice",\n"bob"'),
  }));
  const unsigned = await repo.ask();
  const vain = await repo.as('olga', 'approval', 'sign', unsigned.name, '--yes');
  expect(vain.stderr).toContain('olga is not among those who may approve it: bob, carol');
  expect((await repo.as('bob', 'approval', 'merge', unsigned.name)).stderr).toContain(
    'Gateways will refuse it: nobody has approved it yet for payments-lead: 1 of payments-leads (bob, carol)',
  );
  const own = await repo.ask();
  expect(await repo.as('alice', 'approval', 'sign', own.name, '--yes')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('this signature will not count: nobody approves what is for themselves'),
  });
  const open = JSON.parse(await repo.done('alice', 'access', 'status', own.name, '--format', 'json'));
  expect(open).toMatchObject({
    state: 'Open',
    approvedBy: [],
    waitingFor: ['payments-lead: 1 of payments-leads (bob, carol)'],
  });
  await repo.merge(own.name);
  const rejected = await repo.ask();
  await repo.done('bob', 'approval', 'sign', rejected.name, '--yes');
  const no = await repo.as('carol', 'approval', 'reject', rejected.name, '--yes');
  expect(no).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed (reject) by carol.') });
  expect(JSON.parse(await repo.done('alice', 'access', 'status', rejected.name, '--format', 'json'))).toMatchObject({
    approvedBy: ['bob'],
    rejectedBy: ['carol'],
  });
  await repo.merge(rejected.name);
  for (const [{ name }, note] of [
    [unsigned, 'NotEnoughApprovals'],
    [own, 'SelfApproval'],
    [rejected, 'Vetoed: carol rejected it'],
  ] as const) {
    const ran = await repo.as('alice', 'access', 'status', name);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toMatch(/^Refused /);
    expect(ran.stdout).toContain(note);
  }
}, 60_000);

test('a replay of a grant that was admitted reads Refused', async () => {
  await using repo = await FollowedRepo.make();
  const { name, file, yaml, merge } = await repo.grant();
  await repo.direct({ [file]: undefined });
  const head = await repo.commit({ [file]: yaml }, { by: 'alice' });
  await repo.forge({ head, approvals: await repo.approvals({ merge }) });
  const all = JSON.parse(await repo.done('alice', 'access', 'list', '--format', 'json'));
  expect(all[0]).toMatchObject({ name, state: 'Refused', note: expect.stringContaining('UidReused') });
}, 60_000);

test("a merge that conflicts, and junk that others push, are in nobody else's way", async () => {
  await using repo = await FollowedRepo.make();
  const { name } = await repo.ask();
  await repo.done('bob', 'approval', 'sign', name, '--yes');
  await repo.propose('rules', { 'groups/developers.yaml': 'mine\n' });
  await repo.direct({
    'groups/developers.yaml': repo.git('show', 'main:groups/developers.yaml').replace('mallory', 'bob'),
  });
  const conflict = await repo.as('bob', 'approval', 'merge', 'rules');
  expect(conflict).toMatchObject({ code: 3, stdout: '' });
  expect(conflict.stderr).toContain("request 'rules' conflicts with main");
  expect(conflict.stderr).toContain('open it anew');

  const orphan = await repo.commit({}, { parents: [], tree: (await repo.hands.commit(await repo.tip())).tree });
  await repo.push(orphan, 'refs/heads/request/orphan');
  for (let i = 0; i < 3; i++) await repo.push(orphan, `refs/sluice/approvals/${name}/a${i}`);
  const tree = repo.git('rev-parse', 'main^{tree}');
  await repo.push(tree, `refs/sluice/approvals/${name}/b`);
  expect(JSON.parse(await repo.done('alice', 'access', 'list', '--format', 'json'))).toMatchObject([
    { name, approvedBy: ['bob'] },
  ]);
  await repo.merge(name);
  expect(JSON.parse(await repo.done('alice', 'access', 'status', name, '--format', 'json'))).toMatchObject({
    state: 'Active',
  });
}, 60_000);

test('a revocation gets through although others push at the same time', async () => {
  await using repo = await FollowedRepo.make();
  const { name } = await repo.grant();
  const all = await Promise.all([
    repo.as('carol', 'access', 'revoke', name, '--reason', 'x'),
    repo.as('bob', 'access', 'revoke', name, '--reason', 'x'),
    repo.as('olga', 'access', 'revoke', '--subject', 'alice', '--reason', 'x'),
  ]);
  expect(all.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ]);
  const files = (await repo.hands.tree(await repo.tip())).filter(({ path }) => path.startsWith('revocations/'));
  expect(files).toHaveLength(3);
}, 60_000);

test('what a request says reaches no terminal as a command', async () => {
  await using repo = await FollowedRepo.make();
  const { file, yaml } = await repo.ask();
  const evil = yaml.replace('reason: INC-1', 'reason: "\\e[2J\\u202Eevil"');
  const head = await repo.commit({ [file]: evil }, { by: 'alice' });
  await repo.push(head, 'refs/heads/request/e\u202Evil');
  const ran = await repo.as('bob', 'approval', 'sign', 'e\u202Evil', '--yes');
  expect(ran.code).not.toBe(0);
  for (const char of ['\u001b', '\u202e']) expect(ran.stdout + ran.stderr).not.toContain(char);
});
