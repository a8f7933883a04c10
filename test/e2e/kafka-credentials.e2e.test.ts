import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import {
  type AclRight,
  createAcls,
  deleteAllAcls,
  describeAcls,
  rightKey,
  usersWithAcls,
} from '../../gateway/kafka/broker/acls.ts';
import { type Admin, AdminConnection } from '../../gateway/kafka/broker/admin-connection.ts';
import {
  type CleanupDebt,
  EphemeralCredentials,
  type EphemeralUser,
  foreignGraceMs,
} from '../../gateway/kafka/broker/ephemeral-credentials.ts';
import { createScramUser, deleteScramUsers, listScramUsers } from '../../gateway/kafka/broker/scram-users.ts';
import type { BrokerConnection } from '../../gateway/kafka/upstream/broker-connection.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import type { ScramMechanism } from '../../gateway/kafka/upstream/scram.ts';
import { KafkaError } from '../../gateway/kafka/wire/error-codes.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultMetadataRequest,
  defaultMetadataRequestMetadataRequestTopic,
} from '../../gateway/kafka/wire/generated/metadata.ts';

const kafka = inject('kafka');
const clock = systemClock;
const now = Date.UTC(2026, 10, 24);
const hour = 3_600_000;
const topic = 'credentials-orders';
const refused = expect.objectContaining({ code: 'BrokerRefused' });
const unreachable = expect.objectContaining({ code: 'BrokerUnreachable' });

const describeTopic: AclRight = { resourceType: 'topic', patternType: 'literal', name: topic, operation: 'describe' };
const readGroups: AclRight = {
  resourceType: 'group',
  patternType: 'prefixed',
  name: 'credentials-',
  operation: 'read',
};

const adminOptions = {
  clock,
  addresses: [kafka],
  clientId: 'test',
  timeoutMs: 5000,
  credential: { kind: 'scram', mechanism: 'SCRAM-SHA-512', user: kafka.adminUser, password: kafka.adminPassword },
} as const;
const admin = new AdminConnection(adminOptions);

beforeAll(async () => {
  const created = { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await admin.call(apis.CreateTopics, { topics: [created], timeoutMs: 5000, validateOnly: false });
});
afterAll(() => admin.close());

function gateway(
  name: string,
  over: Admin = admin,
): { credentials: EphemeralCredentials; debts: CleanupDebt[]; settled: string[] } {
  const debts: CleanupDebt[] = [];
  const settled: string[] = [];
  const credentials = new EphemeralCredentials({
    clock,
    gateway: name,
    admin: over,
    onDebt: (debt) => debts.push(debt),
    onSettled: (user) => settled.push(user),
  });
  return { credentials, debts, settled };
}

function login(user: Pick<EphemeralUser, 'name' | 'password' | 'mechanism'>): Promise<BrokerConnection> {
  const { name, password, mechanism } = user;
  const credential = { kind: 'scram', mechanism, user: name, password } as const;
  return openConnection({ clock, address: kafka, clientId: 'test', timeoutMs: 5000, credential });
}

async function topicError(connection: BrokerConnection): Promise<number | undefined> {
  const topics = [{ ...defaultMetadataRequestMetadataRequestTopic, name: topic }];
  const answer = await connection.request(apis.Metadata, 12, {
    ...defaultMetadataRequest,
    topics,
    allowAutoTopicCreation: false,
  });
  return answer.topics[0]?.errorCode;
}

test('a user can log in at once, does what its rights say, and neither after it was deleted', async () => {
  const { credentials, debts, settled } = gateway('one');
  const user = await credentials.create([describeTopic, readGroups], now + hour);
  expect(user.name).toMatch(new RegExp(`^sluice-one-${(now + hour) / 1000}-[0-9a-f]{16}$`));
  await credentials.visibleOn(admin, user.name);
  using connection = await login(user);
  expect(await topicError(connection)).toBe(KafkaError.none);
  expect((await describeAcls(admin, user.name)).map(rightKey).sort()).toEqual(
    [describeTopic, readGroups].map(rightKey).sort(),
  );

  expect(await credentials.delete(user.name)).toBe(true);
  expect(settled).toEqual([user.name]);
  expect(debts).toEqual([]);
  expect(await describeAcls(admin, user.name)).toEqual([]);
  expect(await listScramUsers(admin, [user.name])).toEqual([]);
  expect(await topicError(connection)).toBe(KafkaError.topicAuthorizationFailed);
  await expect(login(user)).rejects.toThrow(refused);
});

test('rights are widened and narrowed while the connection stays', async () => {
  const { credentials } = gateway('two');
  const user = await credentials.create([readGroups], now + hour);
  onTestFinished(async () => {
    await credentials.delete(user.name);
  });
  using connection = await login(user);
  expect(await topicError(connection)).toBe(KafkaError.topicAuthorizationFailed);
  await credentials.widen(user.name, [describeTopic]);
  await credentials.visibleOn(admin, user.name);
  expect(await topicError(connection)).toBe(KafkaError.none);
  await credentials.narrow(user.name, [readGroups]);
  await credentials.visibleOn(admin, user.name);
  expect((await describeAcls(admin, user.name)).map(rightKey)).toEqual([rightKey(readGroups)]);
  await expect.poll(() => topicError(connection)).toBe(KafkaError.topicAuthorizationFailed);
});

test('every kind of right can be given, shown and taken', async () => {
  const { credentials } = gateway('kinds');
  const rights: AclRight[] = [
    describeTopic,
    { ...describeTopic, operation: 'write', patternType: 'prefixed' },
    readGroups,
    { resourceType: 'transactionalId', patternType: 'literal', name: 'credentials-tx', operation: 'write' },
    { resourceType: 'cluster', patternType: 'literal', name: 'kafka-cluster', operation: 'idempotentWrite' },
  ];
  const user = await credentials.create(rights, now + hour);
  await credentials.visibleOn(admin, user.name);
  await credentials.narrow(user.name, []);
  await expect.poll(() => describeAcls(admin, user.name)).toEqual([]);
  expect(await credentials.delete(user.name)).toBe(true);
});

test.each<ScramMechanism>(['SCRAM-SHA-256', 'SCRAM-SHA-512'])(
  '%s users can log in, with odd names too',
  async (mechanism) => {
    const name = `credentials,odd=name ${mechanism}`;
    const password = await createScramUser(admin, { name, mechanism });
    onTestFinished(() => deleteScramUsers(admin, [{ name, mechanism }]));
    const connection = await login({ name, password, mechanism });
    connection.close();
    await expect(login({ name, password: `${password}x`, mechanism })).rejects.toThrow(refused);
  },
);

test('a sweep removes what this gateway left behind, and of others what expired long ago, and nothing else', async () => {
  const mine = gateway('sweep-a');
  const before = await gateway('sweep-a').credentials.create([describeTopic], now + hour);
  const live = await mine.credentials.create([describeTopic], now + hour);
  const foreign = await gateway('sweep-b').credentials.create([describeTopic], now + hour);
  const old = await gateway('sweep-b').credentials.create([describeTopic], now - foreignGraceMs);
  const recent = await gateway('sweep-b').credentials.create([describeTopic], now - foreignGraceMs + 1000);
  const stranger = { name: 'credentials-stranger', mechanism: 'SCRAM-SHA-512' } as const;
  await createScramUser(admin, stranger);
  await createAcls(admin, stranger.name, [describeTopic]);
  const aclOnly = `sluice-sweep-a-${now / 1000}-0123456789abcdef`;
  await createAcls(admin, aclOnly, [describeTopic]);

  await expect.poll(() => usersWithAcls(admin)).toContain(aclOnly);
  expect((await mine.credentials.sweep(now)).toSorted()).toEqual([before.name, old.name, aclOnly].toSorted());
  expect(mine.debts).toEqual([]);
  await expect.poll(() => usersWithAcls(admin)).not.toContain(aclOnly);
  const left = (await listScramUsers(admin)).map(({ name }) => name);
  const acls = await usersWithAcls(admin);
  for (const { name } of [live, foreign, recent, stranger]) {
    expect(left).toContain(name);
    expect(acls).toContain(name);
  }
  for (const { name } of [before, old]) {
    expect(left).not.toContain(name);
    expect(acls).not.toContain(name);
  }
  expect((await mine.credentials.sweep(now + hour + foreignGraceMs)).toSorted()).toEqual(
    [live.name, foreign.name, recent.name].toSorted(),
  );
  await deleteScramUsers(admin, [stranger]);
  await deleteAllAcls(admin, [stranger.name]);
});

test('what cannot be removed is a debt with the expiry of its user, and settled by a later sweep', async () => {
  const broken = new AdminConnection({ ...adminOptions, retries: 0 });
  const first = gateway('debts', broken);
  const user = await first.credentials.create([describeTopic], now + hour);
  broken.close();
  expect(await first.credentials.delete(user.name)).toBe(false);
  expect(first.debts).toMatchObject([{ user: user.name, expiresAt: now + hour }]);
  expect(JSON.stringify(first.debts)).not.toContain(user.password);
  const second = gateway('debts');
  expect(await second.credentials.sweep(now)).toEqual([user.name]);
  expect(second.settled).toEqual([user.name]);
});

test('a creation that fails leaves nothing behind', async () => {
  const { credentials, debts } = gateway('fails');
  const impossible: AclRight = {
    resourceType: 'cluster',
    patternType: 'literal',
    name: 'no-such-cluster',
    operation: 'alter',
  };
  await expect(credentials.create([describeTopic, impossible], now + hour)).rejects.toThrow(refused);
  expect(debts).toEqual([]);
  const names = [...(await usersWithAcls(admin)), ...(await listScramUsers(admin)).map(({ name }) => name)];
  expect(names.filter((name) => name.startsWith('sluice-fails-'))).toEqual([]);
});

test('the admin connection opens again after it was lost, goes to the next address, and gives up in the end', async () => {
  const nowhere = { host: '127.0.0.1', port: 1 };
  using flaky = new AdminConnection({ ...adminOptions, addresses: [nowhere, kafka] });
  expect((await flaky.features()).versions.get(apis.Produce.key)).toEqual({ min: 0, max: 13 });
  using lost = new AdminConnection({ ...adminOptions, addresses: [nowhere], retries: 1 });
  await expect(lost.features()).rejects.toThrow(unreachable);
  using wrong = new AdminConnection({
    ...adminOptions,
    credential: { ...adminOptions.credential, password: 'wrong-secret' },
  });
  await expect(wrong.features()).rejects.toThrow(refused);
});

test('a user without the right to administer is refused', async () => {
  const { credentials } = gateway('plain');
  const user = await credentials.create([describeTopic], now + hour);
  onTestFinished(async () => {
    await credentials.delete(user.name);
  });
  const { name, password, mechanism } = user;
  using own = new AdminConnection({ ...adminOptions, credential: { kind: 'scram', mechanism, user: name, password } });
  await expect(describeAcls(own, name)).rejects.toThrow(refused);
  await expect(createScramUser(own, { name: 'other', mechanism })).rejects.toThrow(refused);
});
