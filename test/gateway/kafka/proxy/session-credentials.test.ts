import { expect, test } from 'vitest';
import type { CloseReason } from '../../../../core/audit/event.ts';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import type { AclRight } from '../../../../gateway/kafka/broker/acls.ts';
import type { EphemeralCredentials } from '../../../../gateway/kafka/broker/ephemeral-credentials.ts';
import { SessionCredentials } from '../../../../gateway/kafka/proxy/session-credentials.ts';
import { SessionRegistry } from '../../../../gateway/session/session-registry.ts';
import { SnapshotStore } from '../../../../gateway/snapshot/snapshot-store.ts';
import { accessPolicies, alice, grantUntil } from '../../../support/access-policies.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { policySetOf } from '../../../support/policy-set.ts';
import { snapshotOf } from '../../../support/snapshot.ts';

const hour = 3_600_000;
const day = 24 * hour;
const policies = accessPolicies();

/** Users and their topic rights, as a cluster would hold them. */
function stage(snapshot: Snapshot = snapshotOf(policies)) {
  const clock = new FakeClock();
  const snapshots = new SnapshotStore();
  snapshots.swap(snapshot);
  const sessions = new SessionRegistry(snapshots, clock, () => hour);
  const users = new Map<string, Set<string>>();
  const log: string[] = [];
  const topics = (rights: readonly AclRight[]) =>
    rights.filter((right) => right.resourceType === 'topic').map(({ name }) => name);
  const ephemeral = {
    create(rights: readonly AclRight[], expiresAt: number) {
      const name = `u${log.length}-${expiresAt}`;
      log.push(`create ${name}`);
      users.set(name, new Set(topics(rights)));
      return Promise.resolve({ name, password: 'p', mechanism: 'SCRAM-SHA-512' as const, expiresAt });
    },
    widen(name: string, rights: readonly AclRight[]) {
      for (const topic of topics(rights)) users.get(name)?.add(topic);
      return Promise.resolve();
    },
    narrow(name: string, rights: readonly AclRight[]) {
      users.set(name, new Set(topics(rights)));
      log.push(`narrow ${name}`);
      return Promise.resolve();
    },
    visibleOn: () => Promise.resolve(),
    delete(name: string) {
      users.delete(name);
      log.push(`delete ${name}`);
      return Promise.resolve(true);
    },
  };
  const note = (): void => {};
  const credentials = new SessionCredentials({
    ephemeral: ephemeral as unknown as EphemeralCredentials,
    adminTo: () => ({}) as never,
    clock,
    log: { debug: note, info: note, warn: note, error: note },
  });
  const cuts: CloseReason[] = [];
  const session = sessions.join(alice, 'main', { id: 1, recheck: note, cut: (reason) => void cuts.push(reason) });
  return { clock, snapshots, users, log, credentials, session, cuts };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

test('a session has one user, for a day at most', async () => {
  const { clock, credentials, session, users } = stage();
  const [one, two] = await Promise.all([credentials.acquire(session, 'b:1'), credentials.acquire(session, 'b:2')]);
  expect(one).toBe(two);
  expect(one.expiresAt).toBe(clock.now() + day);
  expect([...users.values()]).toEqual([new Set(['open', 'open.', 'masked', 'masked.'])]);
});

test('before a user is over, which lets any gateway remove it, its connections are cut and it goes', async () => {
  const { clock, credentials, session, cuts, users } = stage();
  const old = await credentials.acquire(session, 'b:1');
  clock.advance(day - 1);
  expect(cuts).toEqual([]);
  clock.advance(1);
  await settled();
  expect(cuts).toEqual(['expired']);
  expect(users.size).toBe(0);
  const next = await credentials.acquire(session, 'b:1');
  expect(next.name).not.toBe(old.name);
});

/** Where alice may do something by a grant alone. */
const onGrant = policySetOf([
  ['Cluster', 'main', '{type: kafka, owners: [team]}'],
  ['Stream', 'granted', '{cluster: main, topics: [{literal: granted}], owners: [team]}'],
  ['Identity', 'alice', "{person: {oidc: [{issuer: 'https://issuer.example', subject: alice}]}}"],
  ['Group', 'team', '{members: [alice]}'],
  ['ApproverRule', 'anyone', '{require: {all: [{from: team, count: 1}]}}'],
  [
    'AccessPolicy',
    'ask',
    '{effect: allow, mode: onRequest, subjects: [{identity: alice}], streams: [granted], operations: [consume], approval: anyone, limits: {maxDuration: PT24H}}',
  ],
]);

test('a user ends with the last right; a connection without rights is left alone', async () => {
  const end = new FakeClock().now() + 2 * hour + 300;
  const { clock, credentials, session, cuts, users } = stage(snapshotOf(onGrant, [grantUntil(onGrant, end)]));
  const user = await credentials.acquire(session, 'b:1');
  expect(user.expiresAt).toBe(clock.now() + day);
  clock.advance(2 * hour);
  await settled();
  expect(users.size).toBe(1);
  clock.advance(1000);
  await settled();
  expect([cuts, users.size]).toEqual([[], 0]);
});

test('a session whose access is extended keeps its user and its connections', async () => {
  const short = new FakeClock().now() + hour;
  const { clock, credentials, session, snapshots, cuts, users } = stage(
    snapshotOf(onGrant, [grantUntil(onGrant, short)]),
  );
  const user = await credentials.acquire(session, 'b:1');
  clock.advance(hour / 2);
  const longer = snapshotOf(onGrant, [grantUntil(onGrant, short + 3 * hour)]);
  await credentials.widen(longer);
  snapshots.swap(longer);
  credentials.follow(session);
  clock.advance(hour);
  await settled();
  expect([cuts, users.size]).toEqual([[], 1]);
  expect(await credentials.acquire(session, 'b:1')).toBe(user);
  clock.advance(3 * hour);
  await settled();
  expect([cuts, users.size]).toEqual([[], 0]);
});

test('a boundary between a widening and its snapshot takes nothing away for good', async () => {
  const { clock, credentials, session, snapshots, users } = stage();
  await credentials.acquire(session, 'b:1');
  const next = snapshotOf(policies, [grantUntil(policies, clock.now() + hour)]);
  await credentials.widen(next);
  credentials.follow(session);
  await settled();
  snapshots.swap(next);
  credentials.follow(session);
  await settled();
  expect([...users.values()][0]).toContain('granted');
});

test('rights go when what is cleaned up with them is done, or two seconds later', async () => {
  const { clock, credentials, session, log } = stage();
  await credentials.acquire(session, 'b:1');
  const done = Promise.withResolvers<void>();
  credentials.follow(session);
  credentials.cleanUp(session, () => done.promise); // in the same turn, as a cut at a boundary does
  await settled();
  expect(log.filter((line) => line.startsWith('narrow'))).toEqual([]);
  done.resolve();
  await settled();
  expect(log.filter((line) => line.startsWith('narrow'))).toHaveLength(1);

  credentials.cleanUp(session, () => new Promise(() => {}));
  const released = credentials.release(session);
  await settled();
  expect(log.filter((line) => line.startsWith('delete'))).toEqual([]);
  clock.advance(2000);
  await released;
  expect(log.filter((line) => line.startsWith('delete'))).toHaveLength(1);
});

test('after the close no user is made', async () => {
  const { credentials, session, users } = stage();
  await credentials.acquire(session, 'b:1');
  await credentials.close();
  expect(users.size).toBe(0);
  await expect(credentials.acquire(session, 'b:1')).rejects.toMatchObject({ code: 'BrokerUnreachable' });
});
