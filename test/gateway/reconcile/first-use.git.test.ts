import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { decide } from '../../../core/policy/decide.ts';
import { FollowedRepo, type Follower, live, outcomes } from './followed-repo.ts';

const hour = 3_600_000;

function may({ snapshots }: Follower, now = systemClock.now()) {
  const alice = { kind: 'person', issuer: '', claimGroups: [], claims: undefined, source: undefined } as const;
  const resource = { kind: 'topic', cluster: 'main', name: 'payments' } as const;
  const decision = decide(snapshots.current!, { identity: 'alice', ...alice }, 'consume', resource, now);
  return decision.effect === 'deny' ? decision.code : decision.effect;
}

/** Asked for 1 h from the first use, signed and merged. */
async function granted(repo: FollowedRepo, latest: number) {
  const asked = await repo.ask('alice', '--first-use-by', new Date(latest).toISOString());
  await repo.done('bob', 'approval', 'sign', asked.name, '--yes');
  await repo.merge(asked.name);
  return asked;
}

const sole = (repo: FollowedRepo, name = 'gw'): Promise<Follower> => repo.follow(name, {}, 0, false, true);

test('it begins at the first login of its subject, once, durably, and ends by its duration', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await sole(repo);
  const latest = systemClock.now() + 24 * hour;
  const { uid, name } = await granted(repo, latest);
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [name]: 'admitted' });
  expect(may(gw)).toBe('GrantNotStarted');
  const { firstUses } = gw.round;
  await firstUses.begin('mallory', 'main');
  await firstUses.begin('alice', 'elsewhere');
  expect(may(gw)).toBe('GrantNotStarted');
  const before = systemClock.now();
  await Promise.all([firstUses.begin('alice', 'main'), firstUses.begin('alice', 'main')]);
  expect(may(gw)).toBe('allow');
  const { start, end } = gw.state.current.grants[uid]!.grant;
  expect(start).toBeGreaterThanOrEqual(before);
  expect(end - start).toBe(hour);
  expect(gw.events.filter((event) => event.kind === 'admission' && event.subject === 'firstUse')).toMatchObject([
    { uid, of: 'alice', until: end },
  ]);
  await firstUses.begin('alice', 'main');
  await gw.round.run();
  expect(gw.state.current.grants[uid]!.grant).toMatchObject({ start, end });
  expect(may(gw, end)).toBe('GrantExpired');
});

test('it never begins after the time that it says, and ends earlier when its document does', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await sole(repo);
  const { name, file, yaml, uid } = await granted(repo, systemClock.now() + 24 * hour);
  await gw.round.run();
  await repo.direct({ [file]: yaml.replace('PT1H', 'PT10M') });
  await gw.round.run();
  await gw.round.firstUses.begin('alice', 'main');
  const { grant } = gw.state.current.grants[uid]!;
  expect(grant.end - grant.start).toBe(600_000);
  await repo.done('bob', 'access', 'revoke', name, '--reason', 'over');
  await gw.round.run();
  expect(may(gw)).toBe('Revoked');

  await using late = await FollowedRepo.make();
  await using there = await sole(late);
  const short = await granted(late, systemClock.now() + 9_000);
  await there.round.run();
  await expect.poll(() => may(there), { timeout: 15_000 }).toBe('GrantExpired');
  await there.round.firstUses.begin('alice', 'main');
  expect(may(there)).toBe('GrantExpired');
  expect(there.state.current.grants[short.uid]!.grant.firstUse).toBeDefined();
});

test('a gateway that may not be the only one refuses it; a document without an end is no Grant', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { name } = await granted(repo, systemClock.now() + hour);
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [name]: 'FirstUseUnknown' });
  expect(live(gw)).toEqual([]);
  const { yaml, file } = await repo.ask('alice', '--first-use-by', new Date(systemClock.now() + hour).toISOString());
  await repo.propose('endless', { [file]: yaml.replace(/ +notAfter: .*\n/, '') });
  const signed = await repo.as('bob', 'approval', 'sign', 'endless', '--yes');
  expect([signed.code, signed.stderr]).toEqual([3, expect.stringContaining('until when')]);
});
