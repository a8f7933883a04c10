import { expect, test } from 'vitest';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import { nextBoundary, SnapshotExpiry } from '../../../gateway/snapshot/expiry.ts';
import { SnapshotStore } from '../../../gateway/snapshot/snapshot-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { policySetOf } from '../../support/policy-set.ts';
import { admitted, snapshotOf } from '../../support/snapshot.ts';
import { minute, rules } from '../session/story.ts';

const hour = 60 * minute;

function given(grants: (now: number) => AdmittedGrant[], tombstones: (now: number) => Tombstone[] = () => []) {
  const clock = new FakeClock(); // a Monday, 09:00 UTC
  const start = clock.now();
  const snapshots = new SnapshotStore();
  const rung: number[] = [];
  const expiry = new SnapshotExpiry(snapshots, clock, () => rung.push(clock.now() - start));
  snapshots.swap(snapshotOf(rules, grants(start), tombstones(start)));
  return { clock, start, snapshots, rung, expiry };
}

const grant = (start: number, end: number, uid = 'a'.repeat(32)): AdmittedGrant =>
  admitted(rules, { subject: 'ada', policy: 'debug-orders', start, end, uid });

test('it rings at the start and at the end of each grant, in order', () => {
  const { clock, rung } = given((now) => [
    grant(now + 10 * minute, now + 70 * minute),
    grant(now - minute, now + 30 * minute, 'b'.repeat(32)),
  ]);
  clock.advance(10 * minute - 1);
  expect(rung).toEqual([]);
  clock.advance(1);
  expect(rung).toEqual([10 * minute]);
  clock.advance(24 * hour);
  expect(rung).toEqual([10 * minute, 30 * minute, 70 * minute]);
});

test('two grants that end at once ring once', () => {
  const { clock, rung } = given((now) => [
    grant(now - minute, now + hour),
    grant(now - minute, now + hour, 'b'.repeat(32)),
  ]);
  clock.advance(2 * hour);
  expect(rung).toEqual([hour]);
});

test('it rings when a revocation is lifted, and never for one without an end', () => {
  const { clock, rung } = given(
    () => [],
    (now) => [
      { name: 'r1', target: { subject: 'ada' }, until: now + 5 * hour, seenAt: now },
      { name: 'r2', target: { subject: 'bob' }, until: undefined, seenAt: now },
    ],
  );
  clock.advance(100 * hour);
  expect(rung).toEqual([5 * hour]);
});

test('it rings when the hours of a policy begin and end', () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 5, 7, 30));
  const start = clock.now();
  const hours = policySetOf([
    ['Cluster', 'main', '{type: kafka, owners: [platform]}'],
    ['Stream', 'items', '{cluster: main, topics: [{literal: items}], owners: [platform]}'],
    ['Identity', 'ada', '{person: {oidc: [{issuer: "https://login.example.com", subject: ada}]}}'],
    ['Group', 'platform', '{members: [ada]}'],
    [
      'AccessPolicy',
      'read-items',
      '{effect: allow, mode: standing, subjects: [{identity: ada}], streams: [items], operations: [consume], limits: {hours: {tz: Etc/UTC, days: [mon, tue], from: "08:00", to: "18:00"}}}',
    ],
  ]);
  const rung: number[] = [];
  const snapshots = new SnapshotStore();
  using _expiry = new SnapshotExpiry(snapshots, clock, () => rung.push((clock.now() - start) / hour));
  snapshots.swap(snapshotOf(hours));
  clock.advance(48 * hour);
  expect(rung).toEqual([0.5, 10.5, 24.5, 34.5]);
});

test('a wall clock that is set back does not prolong a grant; one that is set forward ends it within the hour', () => {
  const back = given((now) => [grant(now - minute, now + 2 * hour)]);
  back.clock.setWall(back.start - 10 * hour);
  back.clock.advance(2 * hour);
  expect(back.rung).toHaveLength(1);
  const forward = given((now) => [grant(now - minute, now + 10 * hour)]);
  forward.clock.setWall(forward.start + 11 * hour);
  forward.clock.advance(hour);
  expect(forward.rung).toHaveLength(1);
});

test('a swap arms it for the new snapshot alone', () => {
  const { clock, start, snapshots, rung } = given((now) => [grant(now - minute, now + hour)]);
  snapshots.swap(snapshotOf(rules, [grant(start - minute, start + 3 * hour)]));
  clock.advance(2 * hour);
  expect(rung).toEqual([]);
  clock.advance(hour);
  expect(rung).toEqual([3 * hour]);
});

test('it takes up a snapshot that was there before it, and stops when it is disposed of', () => {
  const { clock, start, snapshots, expiry } = given((now) => [grant(now - minute, now + hour)]);
  expiry[Symbol.dispose]();
  const rung: number[] = [];
  const late = new SnapshotExpiry(snapshots, clock, () => rung.push(clock.now() - start));
  clock.advance(hour);
  expect(rung).toEqual([hour]);
  snapshots.swap(snapshotOf(rules, [grant(start, start + 2 * hour)]));
  late[Symbol.dispose]();
  snapshots.swap(snapshotOf(rules, [grant(start, start + 3 * hour)]));
  clock.advance(10 * hour);
  expect(rung).toEqual([hour]);
});

test('a moment that is now is behind us', () => {
  const { start } = given(() => []);
  const snapshot = snapshotOf(rules, [grant(start, start + hour)]);
  expect(nextBoundary(snapshot, start)).toBe(start + hour);
  expect(nextBoundary(snapshot, start + hour)).toBeUndefined();
  expect(nextBoundary(snapshotOf(rules), start)).toBeUndefined();
});

test('subscribers of the store hear of a swap in their order, with what was before, until they go', () => {
  const snapshots = new SnapshotStore();
  expect(snapshots.current).toBeUndefined();
  const [first, second] = [snapshotOf(rules), snapshotOf(rules)];
  const heard: string[] = [];
  const name = (snapshot: unknown): string =>
    snapshot === first ? 'first' : snapshot === second ? 'second' : String(snapshot);
  const leave = snapshots.subscribe((next, before) => heard.push(`a ${name(before)} -> ${name(next)}`));
  snapshots.subscribe((next) => heard.push(`b ${name(next)} ${snapshots.current === next}`));
  snapshots.swap(first);
  leave();
  snapshots.swap(second);
  expect(heard).toEqual(['a undefined -> first', 'b first true', 'b second true']);
});
