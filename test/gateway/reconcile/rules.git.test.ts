import { expect, test } from 'vitest';
import { FollowedRepo, type Follower, live, outcomes } from './followed-repo.ts';

const group = (name: string, ...members: string[]): string =>
  `${JSON.stringify({ apiVersion: 'sluice.dev/v1', kind: 'Group', metadata: { name }, spec: { members } })}\n`;
const developers = 'groups/developers.yaml';
const leads = 'groups/payments-leads.yaml';
const membersOf = (gw: Follower, name: string): readonly string[] | undefined =>
  gw.snapshots.current?.policies.groups.get(name)?.members;

test('a change that an owner signed is in force; one that nobody signed freezes the rules', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const merge = await repo.ownersChange('more-developers', { [developers]: group('developers', 'alice', 'bob') });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: merge });
  expect(gw.state.current.admittedCommit).toBe(merge);
  expect(membersOf(gw, 'developers')).toEqual(['alice', 'bob']);

  await repo.propose('mine', { [developers]: group('developers', 'alice', 'mallory') });
  const refused = await repo.merge('mine');
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'UnreviewedCommit' });
  expect(gw.state.current).toMatchObject({ admittedCommit: merge, judgedCommit: refused, frozen: { commit: refused } });
  expect(membersOf(gw, 'developers')).toEqual(['alice', 'bob']);
}, 60_000);

test('while a refused change stands no signed one carries it in; taking it back unfreezes', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const original = group('payments-leads', 'bob', 'carol');
  await repo.ownersChange('as-json', { [leads]: original });
  await gw.round.run();
  const good = gw.state.current.admittedCommit;
  await repo.direct({ [leads]: group('payments-leads', 'bob', 'carol', 'mallory') }, 'mallory');
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'DirectPush' });

  const signed = await repo.ownersChange('innocent', { [developers]: group('developers', 'alice') });
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'DirectPush' });
  expect(gw.state.current.admittedCommit).toBe(good);
  expect(gw.state.current.refusals.at(-1)).toMatchObject({
    kind: 'policy',
    commit: signed,
    admitted: false,
    refusal: 'UnreviewedCommit',
  });
  expect(gw.events.at(-1)).toMatchObject({ kind: 'admission', subject: 'policy', admitted: false });
  expect(membersOf(gw, 'payments-leads')).toEqual(['bob', 'carol']);

  // Grants go on under the rules that are in force: mallory is no approver.
  const asked = await repo.ask('alice');
  await repo.done('mallory', 'approval', 'sign', asked.name, '--yes');
  await repo.merge(asked.name, 'mallory');
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [asked.name]: 'NotEnoughApprovals' });

  const developersBefore = await (async () => {
    const entry = (await repo.hands.tree(repo.repo.genesis.commit)).find(({ path }) => path === developers)!;
    return (await repo.hands.blob(entry.id, 9999)).toString();
  })();
  await repo.direct({ [leads]: original, [developers]: developersBefore });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect(gw.state.current.frozen).toBeUndefined();
  const again = await repo.ownersChange('again', { [developers]: group('developers', 'alice', 'carol') });
  await gw.round.run();
  expect(gw.state.current.admittedCommit).toBe(again);
}, 90_000);

test('a change beyond a safety limit has to say so itself, however well it was signed; taking away never has to', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const genesis = gw.state.current.admittedCommit;
  const before = await repo.text(developers);
  const everybody = { [developers]: group('developers', 'alice', 'mallory', 'bob', 'carol', 'olga') };
  await repo.propose('everybody', everybody);
  const signed = await repo.as('olga', 'approval', 'sign', 'everybody', '--yes');
  expect(signed).toMatchObject({ code: 0, stdout: expect.stringContaining('Gateways will refuse it: it goes beyond') });
  const refused = await repo.merge('everybody');
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'Unacknowledged' });
  expect(gw.state.current).toMatchObject({ admittedCommit: genesis, frozen: { commit: refused } });
  const { message } = gw.state.current.frozen!;
  expect(message).toContain('it widens what 3 of 7 Identities may do (42.8 %); the limit is 30 %');
  const digest = /sha256:[0-9a-f]{64}/.exec(message)![0];

  // With the word that the gateway names.
  await repo.ownersChange('back', { [developers]: before });
  const sluice = JSON.parse(await repo.text('sluice.yaml'));
  sluice.spec.acknowledge = [digest];
  const merge = await repo.ownersChange('meant', { ...everybody, 'sluice.yaml': `${JSON.stringify(sluice)}\n` });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: merge });
  expect(membersOf(gw, 'developers')).toHaveLength(5);

  const nobody = await repo.ownersChange('nobody', { [developers]: group('developers') });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: nobody });
  await repo.ownersChange('everybody-again', everybody); // the word is used up
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'Unacknowledged' });
  expect(membersOf(gw, 'developers')).toEqual([]);
}, 120_000);

test('an approval of a change cannot bring it back after it was taken back', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const entry = (await repo.hands.tree(await repo.tip())).find(({ path }) => path === developers)!;
  const before = (await repo.hands.blob(entry.id, 9999)).toString();
  const wide = { [developers]: group('developers', 'alice', 'mallory', 'carol') };
  const merge = await repo.ownersChange('wide', wide);
  await repo.ownersChange('back', { [developers]: before });
  await gw.round.run();
  expect(membersOf(gw, 'developers')).toEqual(['alice', 'mallory']);
  const head = await repo.propose('wide-again', wide);
  await repo.forge({ head, approvals: await repo.approvals({ merge }) });
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'UnreviewedCommit' });
  expect(membersOf(gw, 'developers')).toEqual(['alice', 'mallory']);
}, 60_000);

test('grants and rules in one step: neither gets in', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { name, file, yaml } = await repo.ask();
  await repo.done('bob', 'approval', 'sign', name, '--yes');
  const approvals = await repo.approvals({ request: name });
  const head = await repo.commit({ [file]: yaml, [leads]: group('payments-leads', 'alice', 'bob') }, { by: 'alice' });
  await repo.forge({ head, approvals });
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'MixedStep' });
  expect(outcomes(gw)).toEqual({ [name]: 'MixedStep' });
  expect(membersOf(gw, 'payments-leads')).toEqual(['bob', 'carol']);
}, 60_000);

test('a request whose first commit loosens the rule is judged under the rule from before', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { name, file, yaml } = await repo.ask();
  const loosened = await repo.commit({ [leads]: group('payments-leads', 'mallory') }, { by: 'alice' });
  const head = await repo.commit({ [file]: yaml }, { by: 'alice', parents: [loosened] });
  await repo.forge({ head, approvals: [] });
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [name]: 'MixedStep' });
  expect(live(gw)).toEqual([]);
}, 60_000);

test.each<[string, (repo: FollowedRepo) => Promise<unknown>, string]>([
  ['YAML that does not parse', (repo) => repo.direct({ [developers]: 'a: [' }), 'InvalidDocuments'],
  ['a file of 2 MiB', (repo) => repo.direct({ 'policies/big.yaml': '#'.repeat(2 << 20) }), 'InvalidDocuments'],
  ['names that differ in case only', (repo) => repo.direct({ 'Groups/developers.yaml': 'x: 1\n' }), 'InvalidDocuments'],
  ['a name not in normal form', (repo) => repo.direct({ 'docs/e\u0301.yaml': 'x: 1\n' }), 'InvalidDocuments'],
  ['a symbolic link', (repo) => special(repo, '120000', 'policies/link.yaml'), 'InvalidDocuments'],
  ['a submodule', (repo) => special(repo, '160000', 'policies/module'), 'InvalidDocuments'],
])(
  '%s: the last good rules stay, revocations still get through, taking it back heals',
  async (_name, push, reason) => {
    await using repo = await FollowedRepo.make();
    await using gw = await repo.follow();
    const { uid } = await repo.grant();
    await gw.round.run();
    expect(live(gw)).toEqual([uid]);
    const good = await repo.tip();
    await push(repo);
    const outcome = await gw.round.run();
    expect(gw.snapshots.current?.revision).toBe(gw.state.current.admittedCommit);
    expect(membersOf(gw, 'developers')).toEqual(['alice', 'mallory']);
    expect(live(gw)).toEqual([uid]);
    expect(gw.state.current.refusals.at(-1)).toMatchObject({ kind: 'policy', refusal: reason });
    expect(outcome.kind === 'stalled' || gw.state.current.frozen === undefined).toBe(true);
    await repo.direct({ 'revocations/stop.yaml': revocation('stop', { subject: 'alice' }) });
    await gw.round.run();
    expect(gw.snapshots.current?.tombstones).toMatchObject([{ name: 'stop', target: { subject: 'alice' } }]);
    await repo.push(await repo.commit({}, { tree: (await repo.hands.commit(good)).tree }));
    expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  },
  60_000,
);

async function special(repo: FollowedRepo, mode: string, path: string): Promise<void> {
  const tip = await repo.tip();
  const blob = mode === '160000' ? tip : (await repo.hands.tree(tip))[0]!.id;
  const index = { GIT_INDEX_FILE: repo.dir.join('index'), PATH: process.env['PATH'] ?? '' };
  const { execFileSync } = await import('node:child_process');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repo.hands.dir, ...args], { env: index, encoding: 'utf8' }).trim();
  git('read-tree', tip);
  git('update-index', '--add', '--cacheinfo', `${mode},${blob},${path}`);
  await repo.push(await repo.commit({}, { tree: git('write-tree') }));
}

function revocation(name: string, spec: object): string {
  return JSON.stringify({
    apiVersion: 'sluice.dev/v1',
    kind: 'Revocation',
    metadata: { name },
    spec: { ...spec, reason: 'x' },
  });
}
