import { expect, test } from 'vitest';
import type { AclRight } from '../../../../gateway/kafka/broker/acls.ts';
import type { Admin } from '../../../../gateway/kafka/broker/admin-connection.ts';
import {
  type CleanupDebt,
  EphemeralCredentials,
  parseUserName,
} from '../../../../gateway/kafka/broker/ephemeral-credentials.ts';
import type { AnyApi } from '../../../../gateway/kafka/wire/api.ts';
import { KafkaError } from '../../../../gateway/kafka/wire/error-codes.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const right: AclRight = { resourceType: 'topic', patternType: 'literal', name: 'orders', operation: 'read' };
const expiresAt = Date.UTC(2026, 0, 5, 10);

/** Answers every call with what is given per API; notes the names of what was asked. */
function fakeAdmin(answers: ReadonlyMap<AnyApi, object>): { admin: Admin; asked: string[] } {
  const asked: string[] = [];
  const admin: Admin = {
    async call<Request, Response>(
      api: { name: string },
      _: Request,
      check?: (response: Response) => void,
    ): Promise<Response> {
      asked.push(api.name);
      const answer = answers.get(api as AnyApi) as Response;
      check?.(answer);
      return await Promise.resolve(answer);
    },
  };
  return { admin, asked };
}

const good: [AnyApi, object][] = [
  [apis.AlterUserScramCredentials as AnyApi, { results: [{ user: 'x', errorCode: 0 }] }],
  [apis.CreateAcls as AnyApi, { results: [{ errorCode: 0 }] }],
  [apis.DeleteAcls as AnyApi, { filterResults: [{ errorCode: 0, matchingAcls: [] }] }],
  [apis.DescribeUserScramCredentials as AnyApi, { errorCode: 0, results: [] }],
  [apis.DescribeAcls as AnyApi, { errorCode: 0, resources: [] }],
];

test.each([
  ['sluice-gw-1790000000-0123456789abcdef', { gateway: 'gw', expiresAt: 1_790_000_000_000 }],
  ['sluice-eu-west-1-1790000000-0123456789abcdef', { gateway: 'eu-west-1', expiresAt: 1_790_000_000_000 }],
  ['sluice-gw-1790000000-0123', undefined],
  ['sluice--1790000000-0123456789abcdef', undefined],
  ['admin', undefined],
  ['xsluice-gw-1790000000-0123456789abcdef', undefined],
  ['sluice-gw-1790000000-0123456789abcdef-x', undefined],
])('the user name %s says %o', (name, expected) => {
  expect(parseUserName(name)).toEqual(expected);
});

test('a broker that does not show a credential is waited for two seconds', async () => {
  const clock = new FakeClock();
  const { admin, asked } = fakeAdmin(new Map(good));
  const credentials = new EphemeralCredentials({ clock, gateway: 'gw', admin, onDebt: () => undefined });
  const user = await credentials.create([right], expiresAt);
  let outcome: unknown;
  credentials.visibleOn(admin, user.name).catch((error: unknown) => {
    outcome = error;
  });
  const start = clock.monotonic();
  while (outcome === undefined && clock.monotonic() < 10_000) {
    await new Promise(setImmediate);
    clock.advance(20);
  }
  expect(outcome).toMatchObject({ code: 'BrokerUnreachable' });
  expect(clock.monotonic() - start).toBeLessThanOrEqual(2100);
  expect(asked.filter((name) => name === 'DescribeAcls').length).toBeGreaterThan(50);
});

test('when the ACLs cannot be made, the user is removed again, and where that fails too it is a debt', async () => {
  const debts: CleanupDebt[] = [];
  const broken = new Map(good)
    .set(apis.CreateAcls as AnyApi, { results: [{ errorCode: KafkaError.clusterAuthorizationFailed }] })
    .set(apis.DeleteAcls as AnyApi, {
      filterResults: [{ errorCode: KafkaError.clusterAuthorizationFailed, matchingAcls: [] }],
    });
  const { admin, asked } = fakeAdmin(broken);
  const credentials = new EphemeralCredentials({
    clock: new FakeClock(),
    gateway: 'gw',
    admin,
    onDebt: (debt) => debts.push(debt),
  });
  await expect(credentials.create([right], expiresAt)).rejects.toThrow(
    expect.objectContaining({ code: 'BrokerRefused' }),
  );
  expect(debts).toMatchObject([{ expiresAt, why: expect.stringContaining('clusterAuthorizationFailed') }]);
  expect(asked.filter((name) => name === 'AlterUserScramCredentials')).toHaveLength(2);
});

test('what is added is asked for once, and only what is surplus is taken', async () => {
  const { admin, asked } = fakeAdmin(new Map(good));
  const credentials = new EphemeralCredentials({
    clock: new FakeClock(),
    gateway: 'gw',
    admin,
    onDebt: () => undefined,
  });
  const user = await credentials.create([right], expiresAt);
  asked.length = 0;
  await credentials.widen(user.name, [right]);
  await credentials.narrow(user.name, [right]);
  expect(asked).toEqual([]);
  await credentials.widen(user.name, [right, { ...right, operation: 'write' }]);
  await credentials.narrow(user.name, [right]);
  expect(asked).toEqual(['CreateAcls', 'DeleteAcls']);
  await credentials.delete(user.name);
  await expect(credentials.widen(user.name, [right])).rejects.toThrow(
    expect.objectContaining({ code: 'BrokerRefused' }),
  );
});

test('users of the other entry of one and the same cluster are not swept, users of an earlier life are', async () => {
  const answers = new Map(good);
  const { admin } = fakeAdmin(answers);
  const users = new Set<string>();
  const options = { clock: new FakeClock(), gateway: 'gw', admin, users, onDebt: () => undefined };
  const one = new EphemeralCredentials(options);
  const other = new EphemeralCredentials(options);
  const { name } = await one.create([right], expiresAt);
  const left = `sluice-gw-${expiresAt / 1000}-0123456789abcdef`;
  answers.set(apis.DescribeUserScramCredentials as AnyApi, {
    errorCode: 0,
    results: [name, left].map((user) => ({
      user,
      errorCode: 0,
      credentialInfos: [{ mechanism: 2, iterations: 4096 }],
    })),
  });
  expect(await other.sweep(expiresAt - 1000)).toEqual([left]);
  await one.delete(name);
  expect(await other.sweep(expiresAt - 1000)).toEqual([name, left]);
});
