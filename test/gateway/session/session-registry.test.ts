import { expect, test } from 'vitest';
import { SessionRegistry } from '../../../gateway/session/session-registry.ts';
import { SnapshotStore } from '../../../gateway/snapshot/snapshot-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { snapshotOf } from '../../support/snapshot.ts';
import { ada, bob, RecordedConnection, rules } from './story.ts';

function given() {
  const clock = new FakeClock();
  const snapshots = new SnapshotStore();
  const registry = new SessionRegistry(snapshots, clock, (cluster) => (cluster === 'main' ? 5000 : 0));
  const heard: string[] = [];
  registry.listen({
    opened: (session) => heard.push(`opened ${session.principal.identity}`),
    changed: (session) => heard.push(`changed ${session.principal.identity}`),
    closed: (session, reason) => heard.push(`closed ${session.principal.identity} ${reason}`),
  });
  return { clock, snapshots, registry, heard };
}

test('connections of one principal to one cluster are one session', () => {
  const { registry, heard } = given();
  const one = registry.join(ada, 'main', new RecordedConnection());
  expect(registry.join({ ...ada }, 'main', new RecordedConnection())).toBe(one);
  expect(one.connections.size).toBe(2);
  expect(one.id).toMatch(/^[0-9a-f]{24}$/);
  for (const [principal, cluster] of [
    [bob, 'main'],
    [ada, 'other'],
    [{ ...ada, issuer: 'https://other.example.com' }, 'main'],
    [{ ...ada, claimGroups: ['admins'] }, 'main'],
  ] as const) {
    expect(registry.join(principal, cluster, new RecordedConnection())).not.toBe(one);
  }
  expect(heard.filter((line) => line.startsWith('opened'))).toHaveLength(5);
  expect([...registry.all()]).toHaveLength(5);
});

test('a session ends when its last connection has been gone for the idle time', () => {
  const { clock, registry, heard } = given();
  const [a, b] = [new RecordedConnection(), new RecordedConnection()];
  const session = registry.join(ada, 'main', a);
  registry.join(ada, 'main', b);
  registry.leave(session, a);
  clock.advance(60_000);
  expect([...registry.all()]).toHaveLength(1);
  registry.leave(session, b);
  registry.leave(session, b); // a second time changes nothing
  clock.advance(4999);
  expect(heard).toEqual(['opened ada']);
  clock.advance(1);
  expect(heard).toEqual(['opened ada', 'closed ada idle']);
  expect([...registry.all()]).toEqual([]);
  expect(registry.join(ada, 'main', a)).not.toBe(session);
});

test('a connection that comes in the idle time keeps the session', () => {
  const { clock, registry, heard } = given();
  const first = new RecordedConnection();
  const session = registry.join(ada, 'main', first);
  registry.leave(session, first);
  clock.advance(4999);
  const second = new RecordedConnection();
  expect(registry.join(ada, 'main', second)).toBe(session);
  clock.advance(100_000);
  expect(heard).toEqual(['opened ada']);
  registry.leave(session, second);
  clock.advance(5000);
  expect(heard.at(-1)).toBe('closed ada idle');
});

test('a kill cuts every connection and ends the session once', () => {
  const { clock, registry, heard } = given();
  const [a, b, other] = [new RecordedConnection(), new RecordedConnection(), new RecordedConnection()];
  const session = registry.join(ada, 'main', a);
  registry.join(ada, 'main', b);
  registry.join(bob, 'main', other);
  expect(registry.kill('no such session')).toBe(false);
  expect(registry.kill(session.id)).toBe(true);
  expect([a.seen, b.seen, other.seen]).toEqual([['cut killed'], ['cut killed'], []]);
  registry.leave(session, a); // what a cut connection does in the end
  registry.leave(session, b);
  clock.advance(60_000);
  expect(heard.filter((line) => line.startsWith('closed'))).toEqual(['closed ada killed']);
  expect(registry.kill(session.id)).toBe(false);
});

test('a killed session of the same principal does not end the one that came after it', () => {
  const { clock, registry, heard } = given();
  const old = new RecordedConnection();
  const session = registry.join(ada, 'main', old);
  registry.kill(session.id);
  registry.join(ada, 'main', new RecordedConnection());
  registry.leave(session, old);
  clock.advance(60_000);
  expect([...registry.all()]).toHaveLength(1);
  expect(heard).toEqual(['opened ada', 'closed ada killed', 'opened ada']);
});

test('the end of everything says its reason for each', () => {
  const { registry, heard } = given();
  registry.join(ada, 'main', new RecordedConnection());
  registry.join(bob, 'main', new RecordedConnection());
  registry.endAll('shutdown');
  expect(heard.slice(2)).toEqual(['closed ada shutdown', 'closed bob shutdown']);
});

test('a swap makes everybody look again before it returns: listeners first, then connections', () => {
  const { registry, snapshots, heard } = given();
  const connection = new RecordedConnection();
  const session = registry.join(ada, 'main', connection);
  let allowed: boolean | undefined;
  connection.onRecheck = () => {
    heard.push('rechecked');
    allowed = session.access.allows('consume', 'topic', 'items');
  };
  snapshots.swap(snapshotOf(rules));
  expect(heard).toEqual(['opened ada', 'changed ada', 'rechecked']);
  expect(allowed).toBe(true);
});

test('a connection that leaves while all are rechecked harms nobody', () => {
  const { registry, snapshots } = given();
  const [a, b] = [new RecordedConnection(), new RecordedConnection()];
  const session = registry.join(ada, 'main', a);
  registry.join(ada, 'main', b);
  a.onRecheck = () => registry.leave(session, a);
  snapshots.swap(snapshotOf(rules));
  expect(b.seen).toEqual(['recheck']);
  expect(session.connections.size).toBe(1);
});

test('who logged in before a condition read another claim is cut, and comes again with it', () => {
  const { snapshots, registry } = given();
  snapshots.swap(snapshotOf(rules));
  const [a, b] = [new RecordedConnection(), new RecordedConnection()];
  const before = registry.join({ ...ada, claims: {} }, 'main', a);
  registry.join({ ...bob, claims: {} }, 'main', b);
  const policies = new Map(rules.policies);
  const read = policies.get('read-items')!;
  const when = { text: 'claims.mfa == true', claims: ['mfa'], readsSource: false, readsPrincipal: false };
  policies.set('read-items', { ...read, when });
  snapshots.swap(snapshotOf({ ...rules, policies }));
  expect(a.seen).toEqual(['recheck', 'cut expired']);
  expect(b.seen).toEqual(['recheck']); // no condition is about bob
  const after = registry.join({ ...ada, claims: { mfa: true } }, 'main', a);
  expect(after).not.toBe(before);
  expect(after.access.allows('consume', 'topic', 'items')).toBe(true);
  expect(before.access.allows('consume', 'topic', 'items')).toBe(false);
  snapshots.swap(snapshotOf({ ...rules, policies }));
  expect(a.seen.filter((what) => what.startsWith('cut'))).toHaveLength(2); // the old session has it still, the new one not
});
