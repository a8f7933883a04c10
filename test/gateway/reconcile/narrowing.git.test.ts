import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { decide } from '../../../core/policy/decide.ts';
import { FollowedRepo, type Follower, live } from './followed-repo.ts';

const revocation = (name: string, spec: object): Record<string, string> => ({
  [`revocations/${name}.yaml`]: JSON.stringify({
    apiVersion: 'sluice.dev/v1',
    kind: 'Revocation',
    metadata: { name },
    spec: { ...spec, reason: 'x' },
  }),
});

function may(gw: Follower, topic: string, identity = 'alice'): boolean {
  const snapshot = gw.snapshots.current!;
  const principal = {
    identity,
    issuer: 'https://idp.example',
    subject: identity,
    claimGroups: [],
    expiresAt: undefined,
  };
  return (
    decide(snapshot, principal as never, 'consume', { cluster: 'main', kind: 'topic', name: topic }, systemClock.now())
      .effect === 'allow'
  );
}

test('a grant is revoked with the real binary; the tombstone outlives its document', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { name } = await repo.grant();
  await gw.round.run();
  expect(may(gw, 'payments')).toBe(true);
  await repo.done('carol', 'access', 'revoke', name, '--reason', 'over');
  await gw.round.run();
  expect(may(gw, 'payments')).toBe(false);
  expect(may(gw, 'catalog.a')).toBe(true);
  const file = (await repo.hands.tree(await repo.tip())).find(({ path }) => path.startsWith('revocations/'))!.path;
  await repo.direct({ [file]: undefined });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect(may(gw, 'payments')).toBe(false);
}, 60_000);

test('of a subject: grants and standing access end; both when it is fetched together with the grant', async () => {
  await using repo = await FollowedRepo.make();
  await repo.grant();
  await repo.done('carol', 'access', 'revoke', '--subject', 'alice', '--reason', 'laptop lost');
  await using gw = await repo.follow();
  await gw.round.run();
  expect(Object.values(gw.state.current.grants)).toHaveLength(1);
  expect([may(gw, 'payments'), may(gw, 'catalog.a'), may(gw, 'catalog.a', 'mallory')]).toEqual([false, false, true]);
}, 60_000);

test('a revocation that came and went between two fetches holds, and so does one that was aimed elsewhere', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { name } = await repo.grant();
  await gw.round.run();
  await repo.direct(revocation('stop', { grant: name }));
  await repo.direct({ 'revocations/stop.yaml': undefined });
  await gw.round.run();
  expect(may(gw, 'payments')).toBe(false);
  await repo.direct(revocation('stop', { subject: 'nobody' }));
  await gw.round.run();
  await repo.direct(revocation('stop', { subject: 'mallory' }));
  await gw.round.run();
  expect(may(gw, 'catalog.a', 'mallory')).toBe(false);
  expect(gw.snapshots.current?.tombstones).toHaveLength(3);
}, 60_000);

test('owners lift a revocation of a subject: standing access is back, its grants are not', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  await repo.grant();
  await gw.round.run();
  await repo.direct(revocation('stop', { subject: 'alice' }));
  await gw.round.run();
  expect([may(gw, 'payments'), may(gw, 'catalog.a')]).toEqual([false, false]);
  await repo.ownersChange('lift', { 'revocations/stop.yaml': undefined });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect([may(gw, 'payments'), may(gw, 'catalog.a')]).toEqual([false, true]);
}, 60_000);

test('history rewritten: the last good rules and grants stay, revocations on both sides hold', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const base = await repo.tip();
  const { uid } = await repo.grant();
  await repo.direct(revocation('before', { subject: 'mallory' }));
  await gw.round.run();
  const good = await repo.tip();
  const grants = await repo.hands.writeTree(good, {});
  const other = await repo.commit({}, { parents: [base], tree: grants, message: 'rewritten' });
  await repo.push(await repo.commit(revocation('after', { subject: 'bob' }), { parents: [other] }));
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'HistoryRewritten' });
  expect(live(gw)).toEqual([uid]);
  expect(gw.state.current.judgedCommit).toBe(good);
  expect(gw.snapshots.current?.tombstones.map(({ name }) => name)).toEqual(['before', 'after']);

  const foxtrot = await repo.commit({}, { parents: [other, good], tree: grants, message: 'foxtrot' });
  await repo.push(foxtrot);
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'HistoryRewritten' });
  await repo.push(good);
  expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: good });
}, 60_000);

test('taking away does not wait for a broker; giving does', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const first = await repo.grant();
  await gw.round.run();
  await repo.grant();
  gw.prepare = () => Promise.reject(new TypeError('no broker'));
  await repo.done('carol', 'access', 'revoke', first.name, '--reason', 'over');
  await expect(gw.round.run()).rejects.toThrow('no broker');
  expect(may(gw, 'payments')).toBe(false);
  expect(live(gw)).toEqual([first.uid]);
  gw.prepare = async () => {};
  await gw.round.run();
  expect(may(gw, 'payments')).toBe(true);
}, 60_000);
