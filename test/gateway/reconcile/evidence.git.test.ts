import { writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { formatPeerEvidence, type PeerEvidence } from '../../../core/admission/peer-evidence.ts';
import { signCheckpoint } from '../../../core/audit/checkpoint.ts';
import { type Clock, systemClock } from '../../../core/clock/clock.ts';
import { adminApp } from '../../../gateway/api/admin-app.ts';
import { serveSocket } from '../../../gateway/api/serve.ts';
import { isOver } from '../../../gateway/reconcile/ended.ts';
import { githubUnderTest } from '../../contract/forge/github-under-test.ts';
import { type HostedFollower, HostedWorld, settled } from '../../contract/forge/hosted-world.ts';
import { adminControls } from '../../support/admin-controls.ts';
import { startGitHub } from '../../support/github/github-emulator.ts';
import { runSluice } from '../../support/run-sluice.ts';
import { speakerOf } from '../../support/speaker.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { FollowedRepo } from './followed-repo.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** A forge of its own. */
async function world(): Promise<HostedWorld> {
  const dir = await tempDir();
  open.push(dir);
  const github = await startGitHub({ dir: dir.path });
  open.push(github);
  return HostedWorld.make(await githubUnderTest(github), await tempDir());
}

/** A gateway that believes the others by name. */
function believing(there: HostedWorld, others: readonly HostedFollower[], clock: Clock = systemClock) {
  const peers = others.map(({ name }) => speakerOf(name).signer.vkey);
  return there.follow({ clock, trustRoot: { peers } });
}

/** A grant that the first gateway admits, with an approval that is taken back then. */
async function admittedOnce(there: HostedWorld, gateway: HostedFollower, by: 'alice' | 'mallory' = 'alice') {
  const asked = await there.ask(by);
  await there.approve('bob', asked.pull);
  await there.merge(asked.pull);
  expect(await settled(gateway)).toMatchObject({ [asked.name]: 'admitted' });
  await there.forge.dismiss(asked.pull.number, 'bob');
  return asked;
}

/** uids of the grants in force that no revocation ended. */
const live = ({ snapshots, state }: Pick<HostedFollower, 'snapshots' | 'state'>): readonly string[] =>
  [...(snapshots.current?.grants.values() ?? [])].filter((one) => !isOver(state.current, one)).map(({ uid }) => uid);
const later = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms });

test('a note is taken whole, from a known peer, about this repo and lately, or not at all', async () => {
  await using there = await world();
  await using first = await there.follow();
  await admittedOnce(there, first);
  await using late = await believing(there, [first]);
  await settled(late);
  const note = first.round.evidence.tell();
  const refused = async (gateway: HostedFollower, text: string, why: string) => {
    const error: unknown = await gateway.round.evidence.take(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PeerRefused', why: expect.stringContaining(why) });
    expect(live(gateway)).toEqual([]);
  };
  await refused(late, note.replace('"alice"', '"mallo"'), 'its signature is wrong');
  await refused(late, note.slice(0, -20), 'not a signed note');
  await refused(late, '', 'not a signed note');
  const { signer } = speakerOf(first.name);
  await refused(late, signCheckpoint({ origin: signer.name, size: 1, root: '00'.repeat(32) }, signer), 'no evidence');
  const [text] = note.split('\n\n') as [string];
  await refused(late, speakerOf('gw-other').signer.sign(`${text}\n`), 'no peer of trustRoot.peers');
  await refused(late, signer.sign(`${text.replace(`"${first.name}"`, '"gw-other"')}\n`), 'not whose key signed it');
  await refused(
    late,
    signer.sign(`${text.replaceAll('"branch":"main"', '"branch":"old"')}\n`),
    'another repo or branch',
  );
  await using old = await believing(there, [first], later(25 * 3_600_000));
  await refused(old, note, 'a day old');
  await using early = await believing(there, [first], later(-3_600_000));
  await refused(early, note, 'still to come');
  expect(await late.round.evidence.take(note)).toMatchObject({ grants: [{ outcome: 'admitted' }] });
});

test('what is only here still counts: a veto, a deleted document, a revocation', async () => {
  await using there = await world();
  await using first = await there.follow();
  const [vetoed, deleted, revoked] = [
    await admittedOnce(there, first),
    await admittedOnce(there, first),
    await admittedOnce(there, first, 'mallory'),
  ];
  const note = first.round.evidence.tell();
  await there.approve('carol', vetoed.pull, 'reject');
  await there.direct({ [deleted.file]: undefined });
  const revocation = { apiVersion: 'sluice.dev/v1', kind: 'Revocation', metadata: { name: 'enough' } };
  const spec = { grant: revoked.uid, reason: 'enough' };
  await there.direct({ 'revocations/enough.yaml': JSON.stringify({ ...revocation, spec }) });
  await using late = await believing(there, [first]);
  await settled(late);
  const { grants } = await late.round.evidence.take(note);
  expect(grants.find(({ uid }) => uid === vetoed.uid)).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('carol'),
  });
  expect(live(late)).toEqual([]);
  await settled(first); // and the first one comes to the same about what was deleted and revoked
  expect(live(first)).toEqual([vetoed.uid]);
});

test('it lets in no change of the rules, and nothing that was refused for what it is', async () => {
  await using there = await world();
  await using first = await there.follow();
  const path = 'streams/payments.yaml';
  const labels = await there.edited(path, (spec) => ({ ...spec, description: 'changed' }));
  await there.commit('carol', 'labels', labels);
  const rules = await there.open('carol', 'labels');
  await there.approve('olga', rules);
  await there.merge(rules);
  const asked = await there.ask();
  await there.approve('bob', asked.pull);
  await there.merge(asked.pull);
  await settled(first);
  expect(live(first)).toEqual([asked.uid]);
  await there.forge.dismiss(rules.number, 'olga');
  const misfit = await there.ask('mallory', { spec: { window: { duration: 'P9D' } } });
  await there.merge(misfit.pull);
  await using late = await believing(there, [first]);
  await settled(late);
  const taken = await late.round.evidence.take(first.round.evidence.tell());
  expect(taken.stalled).toBeUndefined(); // grants go on under the rules of before
  expect(late.state.current.frozen).toBeDefined();
  expect(late.snapshots.current!.revision).not.toBe(first.snapshots.current!.revision);
  // The peer told of a grant that does not fit any more: it is judged by the rules here.
  const { signer, gateway } = speakerOf(first.name);
  const said = JSON.parse(first.round.evidence.tell().split('\n')[1]!) as {
    grants: { uid: string; name: string; evidence: { commit: string; parent: string } }[];
  };
  const bent = late.state.current.refusals.find((one) => one.kind === 'grant' && one.name === misfit.name)!;
  const one = said.grants[0]!;
  const forged = { ...one, uid: misfit.uid, name: misfit.name, evidence: { ...one.evidence, commit: bent.commit } };
  const text = `sluice.dev/evidence/v1\n${JSON.stringify({ ...said, gateway, grants: [forged] })}\n`;
  const again = await late.round.evidence.take(signer.sign(text));
  expect(again.grants).toMatchObject([{ uid: misfit.uid, outcome: expect.not.stringMatching('admitted') }]);
  expect(live(late)).not.toContain(misfit.uid);
});

test('revocations of a history that is gone are taken over, and nothing comes back with them', async () => {
  await using there = await world();
  await using first = await there.follow();
  await using late = await believing(there, [first]);
  const asked = await there.ask();
  await there.approve('bob', asked.pull);
  const before = await there.merge(asked.pull);
  await settled(first);
  await settled(late);
  expect([live(first), live(late)]).toEqual([[asked.uid], [asked.uid]]);
  const revocation = { apiVersion: 'sluice.dev/v1', kind: 'Revocation', metadata: { name: 'out' } };
  const spec = { grant: asked.uid, reason: 'laptop stolen' };
  await there.direct({ 'revocations/out.yaml': JSON.stringify({ ...revocation, spec }) });
  await settled(first);
  const hands = await there.hands(undefined);
  await hands.push([{ ref: 'refs/heads/main', commit: before }], { force: true });
  await settled(late);
  expect([live(first), live(late)]).toEqual([[], [asked.uid]]);
  const taken = await late.round.evidence.take(first.round.evidence.tell());
  expect(taken).toMatchObject({ revocations: 1, grants: [], ahead: first.state.current.judgedCommit });
  expect(live(late)).toEqual([]);
});

test('a grant whose document was gone meanwhile, or whose commit is, is not given by any note', async () => {
  await using there = await world();
  await using first = await there.follow();
  const asked = await admittedOnce(there, first);
  const note = first.round.evidence.tell();
  await using late = await believing(there, [first]);
  await settled(late);
  const text = await there.read(asked.file);
  await there.direct({ [asked.file]: undefined });
  await late.round.run();
  await there.direct({ [asked.file]: text.replace('payments-debug', 'nope') });
  await settled(late);
  expect(await late.round.evidence.take(note)).toMatchObject({
    grants: [{ outcome: 'refused', message: expect.stringContaining('gone') }],
  });
  await using other = await believing(there, [first]);
  await settled(other);
  const hands = await there.hands(undefined);
  await hands.push([{ ref: 'refs/heads/main', commit: there.genesis.commit }], { force: true });
  const taken = await other.round.evidence.take(note);
  expect(taken.stalled).toContain('first-parent chain');
  expect(taken.grants).toMatchObject([{ outcome: expect.stringMatching(/^(notJudged|refused)$/) }]);
  expect([live(late), live(other)]).toEqual([[], []]);
});

test('what nobody merged is not merged by the word of a peer', async () => {
  await using there = await world();
  await using first = await there.follow();
  const real = await admittedOnce(there, first);
  const uid = 'd'.repeat(32);
  const file = 'grants/2026-11/pushed.yaml';
  const text = (await there.read(real.file)).replace(real.uid, uid).replace(real.name, 'pushed');
  const commit = await there.direct({ [file]: text });
  await using late = await believing(there, [first]);
  expect(await settled(late)).toMatchObject({ pushed: 'DirectPush' });
  const { signer } = speakerOf(first.name);
  const told = JSON.parse(first.round.evidence.tell().split('\n')[1]!) as PeerEvidence;
  const one = told.grants[0]!;
  const evidence = {
    ...one.evidence,
    commit,
    parent: (await there.hands(undefined).then((c) => c.commit(commit))).parents[0]!,
  };
  const forged = formatPeerEvidence({ ...told, grants: [{ ...one, uid, name: 'pushed', evidence }] });
  expect(await late.round.evidence.take(signer.sign(forged))).toMatchObject({ grants: [{ uid, outcome: 'refused' }] });
  expect(live(late)).not.toContain(uid);
});

test('in plain git a peer can add nothing: what is signed is the same for everybody', async () => {
  await using repo = await FollowedRepo.make();
  await using first = await repo.follow('gw-first');
  const { uid } = await repo.grant();
  await first.round.run();
  const told = JSON.parse(first.round.evidence.tell().split('\n')[1]!) as PeerEvidence;
  const one = told.grants.find((grant) => grant.uid === uid)!;
  const other = await repo.ask('mallory');
  const parent = await repo.tip();
  const commit = await repo.direct({ [other.file]: other.yaml });
  await using late = await repo.follow('gw-late', { peers: [speakerOf('gw-first').signer.vkey] });
  await late.round.run();
  const evidence = { ...one.evidence, commit, parent, requestSigners: ['mallory'] };
  const forged = { ...told, grants: [{ ...one, uid: other.uid, name: other.name, evidence }] };
  const taken = await late.round.evidence.take(speakerOf('gw-first').signer.sign(formatPeerEvidence(forged)));
  expect(taken.grants).toMatchObject([{ outcome: 'refused', message: expect.stringContaining('plain git') }]);
  expect(live(late)).toEqual([uid]);
});

test('a gateway that lost its state takes over what is over, and lets nobody in by it', async () => {
  await using repo = await FollowedRepo.make();
  await using first = await repo.follow('gw-first');
  await repo.done('bob', 'access', 'revoke', '--subject', 'mallory', '--reason', 'left');
  await first.round.run();
  const peers = [speakerOf('gw-first').signer.vkey];
  await using late = await repo.follow('gw-late', { peers }, 0, true);
  expect(await late.round.run()).toMatchObject({ reason: 'StateLost' });
  const taken = await late.round.evidence.take(first.round.evidence.tell());
  expect(taken).toMatchObject({ revocations: 1, stalled: expect.stringContaining('baseline') });
  expect(late.snapshots.current).toBeUndefined();
  expect(late.state.current.tombstones).toMatchObject([{ target: { subject: 'mallory' } }]);
});

test('a verdict is come to again from what was kept, and another one is seen', async () => {
  await using there = await world();
  await using first = await there.follow();
  const { uid } = await admittedOnce(there, first);
  const entry = first.state.current.grants[uid]!;
  expect(await first.round.evidence.verify(entry)).toMatchObject({ holds: true });
  const none = { ...entry, evidence: { ...entry.evidence!, approvals: [] } };
  expect(await first.round.evidence.verify(none)).toMatchObject({
    holds: false,
    message: expect.stringContaining('something else'),
  });
  const wider = { ...entry, grant: { ...entry.grant, end: entry.grant.end + 1 } };
  const lifted = { ...entry, grant: { ...entry.grant, unmask: ['cards/card'] } };
  for (const one of [wider, lifted]) {
    expect(await first.round.evidence.verify(one)).toMatchObject({
      holds: false,
      message: expect.stringContaining('another right'),
    });
  }
  const earlier = { ...entry, grant: { ...entry.grant, end: entry.grant.end - 1 } };
  expect(await first.round.evidence.verify(earlier)).toMatchObject({ holds: true });
  const lost = { ...entry, evidence: { ...entry.evidence!, commit: 'e'.repeat(40) } };
  expect(await first.round.evidence.verify(lost)).toMatchObject({ holds: undefined });
  const elsewhere = { ...entry, evidence: { ...entry.evidence!, commit: there.genesis.commit } };
  expect(await first.round.evidence.verify(elsewhere)).toMatchObject({ holds: false });
  const { evidence: _gone, ...bare } = entry;
  expect(await first.round.evidence.verify(bare)).toMatchObject({ holds: undefined });
});

test('with the binary: exported at one gateway, imported at the other', async () => {
  await using there = await world();
  await using first = await there.follow();
  const asked = await admittedOnce(there, first);
  await using late = await believing(there, [first]);
  await settled(late);
  const served = async ({ name, round: { evidence } }: HostedFollower) =>
    serveSocket(
      adminApp(adminControls({ evidence: { tell: () => evidence.tell(), take: (note) => evidence.take(note) } })),
      there.dir.join(`${name}.sock`),
    );
  await using one = await served(first);
  await using two = await served(late);
  const at = (socket: string, ...args: readonly string[]) =>
    runSluice(['gateway', 'evidence', ...args, '--socket', socket], { env: { HOME: there.dir.path, COLUMNS: '60' } });
  const exported = await at(one.address, 'export');
  expect([exported.code, exported.stderr]).toEqual([0, '']);
  const file = there.dir.join('first.note');
  writeFileSync(file, exported.stdout);
  const stranger = await at(one.address, 'import', file);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('trustRoot.peers')]);
  const missing = await at(two.address, 'import', `${file}.not`);
  expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('ENOENT')]);
  const taken = await at(two.address, 'import', file);
  expect([taken.code, taken.stderr]).toEqual([0, '']);
  expect(taken.stdout).toContain('admitted');
  expect(taken.stdout).toContain(asked.name);
  const again = await at(two.address, 'import', file, '--format', 'json');
  expect(JSON.parse(again.stdout)).toMatchObject({ peer: first.name, grants: [{ outcome: 'known' }] });
  expect(live(late)).toEqual([asked.uid]);
  expect(late.state.current.refusals).toEqual([]);
});
