import { describe, expect, test } from 'vitest';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, versionsOf } from './enforcing.ts';

const policies = operatorPolicies();
const started = (): Enforcing => new Enforcing(snapshotOf(policies), olga);

describe.each(versionsOf(apis.DeleteGroups))('DeleteGroups v%i', (version) => {
  const ask = (on: Enforcing, ...groupsNames: string[]) => on.request(apis.DeleteGroups, version, { groupsNames });

  test('what is allowed goes on as it is', () => {
    const on = started();
    expect(ask(on, 'olga.a', 'olga.b')).toEqual({ kind: 'forward' });
    const answer = { throttleTimeMs: 0, results: [{ groupId: 'olga.a', errorCode: 0, errorMessage: null }] };
    expect(on.response(apis.DeleteGroups, version, answer)).toEqual({ kind: 'forward' });
  });

  test('denied groups come back with 30', () => {
    const on = started();
    expect(ask(on, 'watched')).toMatchObject({
      kind: 'reply',
      message: { results: [{ groupId: 'watched', errorCode: 30 }] },
    });
    expect(ask(on, 'olga.a', 'watched')).toMatchObject({ kind: 'send', message: { groupsNames: ['olga.a'] } });
    expect(on.denied).toEqual(['delete group watched 30']);
    const answer = { throttleTimeMs: 0, results: [{ groupId: 'olga.a', errorCode: 68, errorMessage: null }] };
    expect(on.response(apis.DeleteGroups, version, answer)).toMatchObject({
      message: {
        results: [
          { groupId: 'olga.a', errorCode: 68 },
          { groupId: 'watched', errorCode: 30 },
        ],
      },
    });
  });
});

describe('OffsetDelete', () => {
  const topics = (...names: string[]) => names.map((name) => ({ name, partitions: [{ partitionIndex: 2 }] }));
  const refused = [{ name: 'secret', partitions: [{ partitionIndex: 2, errorCode: 29 }] }];

  test.each([
    ['what is allowed', 'olga.g', ['open'], { kind: 'forward' }],
    ['a denied group', 'watched', ['open'], { kind: 'reply', message: { errorCode: 30, topics: [] } }],
    ['denied topics only', 'olga.g', ['secret'], { kind: 'reply', message: { errorCode: 0, topics: refused } }],
    ['some denied topics', 'olga.g', ['open', 'secret'], { kind: 'send', message: { topics: topics('open') } }],
  ])('%s', (_, groupId, names, outcome) => {
    expect(started().request(apis.OffsetDelete, 0, { groupId, topics: topics(...names) })).toMatchObject(outcome);
  });

  test('denied topics stand behind the others', () => {
    const on = started();
    on.request(apis.OffsetDelete, 0, { groupId: 'olga.g', topics: topics('open', 'secret') });
    const done = { name: 'open', partitions: [{ partitionIndex: 2, errorCode: 0 }] };
    expect(on.response(apis.OffsetDelete, 0, { errorCode: 0, throttleTimeMs: 0, topics: [done] })).toMatchObject({
      message: { topics: [done, ...refused] },
    });
  });
});

describe('who may only describe a group', () => {
  test.each(versionsOf(apis.FindCoordinator))('finds its coordinator, v%i', (version) => {
    const key = version >= 4 ? { key: '', coordinatorKeys: ['watched'] } : { key: 'watched', coordinatorKeys: [] };
    expect(started().request(apis.FindCoordinator, version, { ...key, keyType: 0 })).toEqual({ kind: 'forward' });
  });

  test.each(versionsOf(apis.DescribeGroups))('describes it, v%i', (version) => {
    expect(
      started().request(apis.DescribeGroups, version, { groups: ['watched'], includeAuthorizedOperations: false }),
    ).toMatchObject({ kind: 'send', message: { groups: ['watched'] } });
  });

  test.each(versionsOf(apis.ListGroups))('sees it listed, v%i', (version) => {
    const on = started();
    on.request(apis.ListGroups, version, { statesFilter: [], typesFilter: [] });
    const groups = ['watched', 'other'].map((groupId) => ({
      groupId,
      protocolType: 'consumer',
      groupState: '',
      groupType: '',
    }));
    expect(on.response(apis.ListGroups, version, { throttleTimeMs: 0, errorCode: 0, groups })).toMatchObject({
      message: { groups: [{ groupId: 'watched' }] },
    });
  });
});
