import { expect, test } from 'vitest';
import { forwardOnly } from '../../../core/clock/forward-clock.ts';
import { Access } from '../../../gateway/session/access.ts';
import { SnapshotExpiry } from '../../../gateway/snapshot/expiry.ts';
import { Freshness } from '../../../gateway/snapshot/freshness.ts';
import { SnapshotStore } from '../../../gateway/snapshot/snapshot-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { policySetOf } from '../../support/policy-set.ts';
import { admitted, snapshotOf } from '../../support/snapshot.ts';
import { ada, minute, rules } from './story.ts';

function given() {
  const clock = new FakeClock();
  const start = clock.now();
  const snapshots = new SnapshotStore();
  const grant = admitted(rules, { subject: 'ada', policy: 'debug-orders', start, end: start + 480 * minute });
  snapshots.swap(snapshotOf(rules, [grant]));
  const freshness = new Freshness({
    clock,
    maxStaleness: 15 * minute,
    maxStaleDeny: 240 * minute,
    lastSuccess: start,
    onChange: () => {},
  });
  const session = (): Access => new Access(ada, 'main', snapshots, clock, freshness);
  return { clock, start, snapshots, grant, freshness, session };
}

const code = (access: Access, name: string): string => {
  const decision = access.decide('consume', 'topic', name);
  return decision.effect === 'allow' ? 'allow' : decision.code;
};

test('nothing is allowed before there is a snapshot', () => {
  const access = new Access(ada, 'main', new SnapshotStore(), new FakeClock());
  expect(access.decide('consume', 'topic', 'items')).toMatchObject({ effect: 'deny', code: 'NoRule' });
  expect(access.rights()).toEqual([]);
  expect(access.hasRights()).toBe(false);
});

test('an answer is kept, but not beyond its until', () => {
  const { clock, grant, session } = given();
  const access = session();
  const first = access.decide('consume', 'topic', 'orders');
  expect(first).toMatchObject({ effect: 'allow', until: grant.end, grant: grant.uid });
  expect(access.decide('consume', 'topic', 'orders')).toBe(first);
  expect(access.decide('produce', 'topic', 'orders')).not.toBe(first);
  expect(access.decide('consume', 'group', 'orders')).not.toBe(first);
  clock.setWall(grant.end - 1);
  // the wall clock alone was moved, so the repo is old too: ask without staleness
  const { session: plain, clock: time } = given();
  const lasting = plain();
  const kept = lasting.decide('consume', 'topic', 'items');
  time.advance(minute);
  expect(lasting.decide('consume', 'topic', 'items')).toBe(kept);
});

test('a grant ends exactly at its end, for a cached answer too', () => {
  const { clock, snapshots, grant } = given();
  const access = new Access(ada, 'main', snapshots, clock);
  expect(code(access, 'orders')).toBe('allow');
  clock.advance(480 * minute - 1);
  expect(code(access, 'orders')).toBe('allow');
  clock.advance(1);
  expect(clock.now()).toBe(grant.end);
  expect(code(access, 'orders')).toBe('GrantExpired');
});

test('a swap of the snapshot forgets every answer', () => {
  const { snapshots, session, grant } = given();
  const access = session();
  expect(code(access, 'orders')).toBe('allow');
  snapshots.swap(snapshotOf(rules, [grant], [{ name: 'r', target: { grant: 'g1' }, until: undefined, seenAt: 0 }]));
  expect(code(access, 'orders')).toBe('Revoked');
  snapshots.swap(snapshotOf(rules, []));
  expect(code(access, 'orders')).toBe('NoRule');
});

test('names that a client makes up do not fill the memory', () => {
  const { session } = given();
  const access = session();
  const first = access.decide('consume', 'topic', 'items');
  for (let i = 0; i < 19_999; i++) access.decide('consume', 'topic', `made-up-${i}`);
  expect(access.decide('consume', 'topic', 'items')).toBe(first); // 20,000 entries fit
  access.decide('consume', 'topic', 'one-more');
  const again = access.decide('consume', 'topic', 'items');
  expect(again).toEqual(first);
  expect(again).not.toBe(first);
});

test('while stale, a session that began before keeps its grant, a new one does not get it; standing access stays', () => {
  const { clock, start, session } = given();
  const before = session();
  clock.advance(15 * minute);
  const after = session();
  expect(code(before, 'orders')).toBe('allow');
  expect(after.decide('consume', 'topic', 'orders')).toMatchObject({
    effect: 'deny',
    code: 'Stale',
    rule: { kind: 'Grant', name: 'g1' },
    message: `ada may not consume topic orders on main: the policy repo was last read at ${new Date(start).toISOString()}, and until it is read again grants open no new sessions`,
  });
  expect(code(after, 'items')).toBe('allow');
  expect(code(after, 'nothing')).toBe('UnknownResource');
  expect([before.mayProduceSomewhere(), after.mayProduceSomewhere()]).toEqual([true, false]);
  expect([before.hasRights(), after.hasRights()]).toEqual([true, true]);
});

test('after maxStaleDeny nobody gets anything, cached answers and standing access included', () => {
  const { clock, session } = given();
  const access = session();
  expect([code(access, 'orders'), code(access, 'items')]).toEqual(['allow', 'allow']);
  clock.advance(240 * minute - 1);
  expect([code(access, 'orders'), code(access, 'items')]).toEqual(['allow', 'allow']);
  clock.advance(1);
  expect([code(access, 'orders'), code(access, 'items')]).toEqual(['Stale', 'Stale']);
  expect(access.decide('consume', 'topic', 'items')).toMatchObject({
    message: expect.stringContaining('nothing is allowed'),
  });
  expect([access.hasRights(), access.mayProduceSomewhere()]).toEqual([false, false]);
});

test('the first fetch gives everything back, to sessions that began meanwhile too', () => {
  const { clock, freshness, session } = given();
  clock.advance(20 * minute);
  const during = session();
  expect(code(during, 'orders')).toBe('Stale');
  freshness.fetched();
  expect(code(during, 'orders')).toBe('allow');
  clock.advance(15 * minute); // stale again: now it began before
  expect(code(during, 'orders')).toBe('allow');
  clock.advance(225 * minute);
  expect(code(during, 'orders')).toBe('Stale');
  freshness.fetched();
  expect(code(during, 'orders')).toBe('allow');
});

test('a wall clock that is set back does not prolong a grant, on the clock that decisions run on', () => {
  const { clock, start, snapshots } = given();
  const forward = forwardOnly(clock);
  const rung: string[] = [];
  const access = new Access(ada, 'main', snapshots, forward);
  using _expiry = new SnapshotExpiry(snapshots, forward, () => rung.push(code(access, 'orders')));
  expect(code(access, 'orders')).toBe('allow');
  clock.advance(100 * minute);
  clock.setWall(start);
  clock.advance(380 * minute);
  expect(rung).toEqual(['GrantExpired']);
});

test('a decision that reads the source address is for its connection alone', () => {
  const here = policySetOf([
    ['Cluster', 'main', '{type: kafka}'],
    ['Stream', 'office', '{cluster: main, topics: [{literal: office}]}'],
    ['Stream', 'items', '{cluster: main, topics: [{literal: items}]}'],
    ['Identity', 'ada', '{person: {oidc: [{issuer: https://idp, subject: ada}]}}'],
    [
      'AccessPolicy',
      'in',
      `{mode: standing, subjects: [{identity: ada}], streams: [office], operations: [consume], when: 'inCidr(source.address, "10.0.0.0/8")'}`,
    ],
    ['AccessPolicy', 'any', '{mode: standing, subjects: [{identity: ada}], streams: [items], operations: [consume]}'],
  ]);
  const snapshots = new SnapshotStore();
  snapshots.swap(snapshotOf(here));
  const shared = new Access(ada, 'main', snapshots, new FakeClock());
  const [inside, outside] = [shared.from('10.1.1.1'), shared.from('192.0.2.1')];
  for (const _again of [1, 2]) {
    expect(code(inside, 'office')).toBe('allow');
    expect(code(outside, 'office')).toBe('ConditionNotMet');
    expect(code(shared, 'office')).toBe('ConditionNotMet');
  }
  // What does not read it is decided once for all.
  expect(inside.decide('consume', 'topic', 'items')).toBe(outside.decide('consume', 'topic', 'items'));
  // The second lock does not know where a client is.
  expect(outside.rights().some(({ pattern }) => 'literal' in pattern && pattern.literal === 'office')).toBe(true);
});
