import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../core/model/decision.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import type { Principal } from '../../../core/model/principal.ts';
import type { Operation, ResourceKind } from '../../../core/model/resource.ts';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import { decide } from '../../../core/policy/decide.ts';
import { policySetOf } from '../../support/policy-set.ts';
import { admitted, snapshotOf } from '../../support/snapshot.ts';

type Doc = readonly [kind: string, name: string, spec: string];

const docs: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Cluster', 'other', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ['Stream', 'payments', '{cluster: main, topics: [{prefix: payments.}, {literal: orders.paid}]}'],
  [
    'Stream',
    'logs',
    '{cluster: other, topics: [{literal: logs}], groups: [{literal: shippers}], transactionalIds: [{prefix: ship-}]}',
  ],
  ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
  ['Identity', 'bob', '{person: {oidc: [{issuer: https://idp, subject: b}]}}'],
  ['Identity', 'ci', '{workload: {issuer: https://ci, claims: {repo: "1"}}}'],
  ['Group', 'team', '{members: [alice]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: team, count: 1}]}}'],
  [
    'AccessPolicy',
    'read-orders',
    '{mode: standing, subjects: [{group: team}], streams: [orders], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'ask-payments',
    '{mode: onRequest, subjects: [{group: team}, {identity: bob}], streams: [payments, orders], operations: [consume, produce], limits: {maxDuration: PT30M}, approval: leads, unmask: [cards/number]}',
  ],
  [
    'AccessPolicy',
    'ship-logs',
    '{mode: standing, subjects: [{identity: ci}], streams: [logs], operations: [produce, consume], limits: {hours: {tz: UTC, days: [tue], from: "08:00", to: "18:00"}}, recording: {durability: bestEffort}}',
  ],
  [
    'MaskPolicy',
    'cards',
    '{streams: [payments], rules: [{name: number, path: card, action: redact}, {name: mail, detector: email, action: hash}], on: [consume]}',
  ],
];
const setWith = (...more: Doc[]): PolicySet =>
  policySetOf([...docs.filter(([kind, name]) => !more.some((one) => one[0] === kind && one[1] === name)), ...more]);
const set = setWith();

const at = (text: string): number => Date.parse(`2026-11-24T${text}:00Z`); // a Tuesday
const who = (identity: string, claimGroups: string[] = []): Principal => ({
  identity,
  kind: identity === 'ci' ? 'workload' : 'person',
  issuer: identity === 'ci' ? 'https://ci' : 'https://idp',
  claimGroups,
});
const grant = (fields: Partial<AdmittedGrant> = {}): AdmittedGrant =>
  admitted(set, { subject: 'alice', policy: 'ask-payments', start: at('10:00'), end: at('12:00'), ...fields });

interface Ask {
  readonly as?: string;
  readonly claims?: string[];
  readonly op?: Operation;
  readonly kind?: ResourceKind;
  readonly name?: string;
  readonly cluster?: string;
  readonly now?: string;
  readonly set?: PolicySet;
  readonly grants?: AdmittedGrant[];
  readonly tombstones?: Tombstone[];
}
function ask({ set: rules = set, ...q }: Ask): Decision {
  return decide(
    snapshotOf(rules, q.grants, q.tombstones),
    who(q.as ?? 'alice', q.claims),
    q.op ?? 'consume',
    { cluster: q.cluster ?? 'main', kind: q.kind ?? 'topic', name: q.name ?? 'payments.card' },
    at(q.now ?? '11:00'),
  );
}
/** `allow rule [until]` or `deny Code [until]`. */
function shown(decision: Decision): string {
  const until = decision.until === undefined ? '' : ` until ${new Date(decision.until).toISOString().slice(5, 16)}`;
  return decision.effect === 'allow' ? `allow ${decision.rule.name}${until}` : `deny ${decision.code}${until}`;
}
const revoked = (target: Tombstone['target'], seenAt: string, until?: string): Tombstone => ({
  name: 'r1',
  target,
  seenAt: at(seenAt),
  until: until === undefined ? undefined : at(until),
});
const deny = (rest: string): Doc => ['AccessPolicy', 'no', `{effect: deny, ${rest}}`];

describe('who, what, when', () => {
  test.each<[string, string, Ask]>([
    ['standing allow', 'allow read-orders', { name: 'orders.new' }],
    ['standing allow is not for others', 'deny NoRule', { as: 'bob', name: 'orders.new' }],
    ['another operation', 'deny NoRule', { name: 'orders.new', op: 'delete' }],
    ['describe is implied', 'allow read-orders', { name: 'orders.new', op: 'describe' }],
    ['a topic of no stream', 'deny UnknownResource', { name: 'secret' }],
    ['a cluster that is not', 'deny UnknownResource', { cluster: 'x' }],
    ['the topic of another cluster', 'deny UnknownResource', { cluster: 'other' }],
    ['an Identity that is not', 'deny UnknownSubject', { as: 'mallory' }],
    ['on request alone gives nothing', 'deny NoRule', {}],
    ['a live grant', 'allow g1 until 11-24T12:00', { grants: [grant()] }],
    ['its first instant', 'allow g1 until 11-24T12:00', { grants: [grant()], now: '10:00' }],
    ['its end is exclusive', 'deny GrantExpired', { grants: [grant()], now: '12:00' }],
    ['before its start', 'deny GrantNotStarted until 11-24T10:00', { grants: [grant()], now: '09:00' }],
    ['a grant is for its subject only', 'deny NoRule', { grants: [grant()], as: 'bob' }],
    ['a grant beats standing', 'allow g1 until 11-24T12:00', { grants: [grant()], name: 'orders.new' }],
    [
      'standing, and a grant to come',
      'allow read-orders until 11-24T10:00',
      { grants: [grant()], name: 'orders.new', now: '09:00' },
    ],
    [
      'the longer of two grants',
      'allow g2 until 11-24T13:00',
      {
        grants: [grant(), grant({ uid: 'b', name: 'g2', end: at('13:00'), unmask: [] })],
        set: setWith([
          'AccessPolicy',
          'ask-payments',
          docs.find((d) => d[1] === 'ask-payments')![2].replace(', unmask: [cards/number]', ''),
        ]),
      },
    ],
    [
      'the shorter one that lifts a mask counts too',
      'allow g2 until 11-24T12:00',
      { grants: [grant(), grant({ uid: 'b', name: 'g2', end: at('13:00') })] },
    ],
    ['two streams: both must allow', 'deny NoRule', { name: 'orders.paid' }],
    ['two streams: both do', 'allow g1 until 11-24T12:00', { name: 'orders.paid', grants: [grant()] }],
    ['two streams: one ended', 'deny GrantExpired', { name: 'orders.paid', grants: [grant()], now: '13:00' }],
    ['inside hours', 'allow ship-logs until 11-24T18:00', { as: 'ci', cluster: 'other', name: 'logs' }],
    [
      'outside hours',
      'deny OutsideHours until 12-01T08:00',
      { as: 'ci', cluster: 'other', name: 'logs', now: '19:00' },
    ],
    ['admin is for the cluster', 'deny NoRule', { op: 'admin' }],
    ['consume is not for the cluster', 'deny NoRule', { kind: 'cluster', name: 'main' }],
  ])('%s', (_name, expected, question) => expect(shown(ask(question))).toBe(expected));
});

describe('a frozen grant ∩ the rules of now', () => {
  const ask30 = docs.find((doc) => doc[1] === 'ask-payments')![2];
  test.each<[string, string, Ask]>([
    ['policy gone', 'deny NoRule', { set: policySetOf(docs.filter((doc) => doc[1] !== 'ask-payments')) }],
    [
      'policy now denies',
      'deny ExplicitDeny',
      {
        set: setWith([
          'AccessPolicy',
          'ask-payments',
          '{effect: deny, subjects: [{group: team}], streams: [payments], operations: [consume]}',
        ]),
      },
    ],
    [
      'policy left the stream',
      'deny NoRule',
      { set: setWith(['AccessPolicy', 'ask-payments', ask30.replace('payments, orders', 'orders')]) },
    ],
    [
      'policy left the operation',
      'deny NoRule',
      { set: setWith(['AccessPolicy', 'ask-payments', ask30.replace('consume, produce', 'produce')]) },
    ],
    [
      'policy left the subject',
      'deny NoRule',
      { set: setWith(['AccessPolicy', 'ask-payments', ask30.replace('{group: team}, ', '')]) },
    ],
    ['subject left the group', 'deny NoRule', { set: setWith(['Group', 'team', '{members: [bob]}']) }],
    [
      'stream narrowed',
      'deny UnknownResource',
      { set: setWith(['Stream', 'payments', '{cluster: main, topics: [{literal: payments.other}]}']) },
    ],
    [
      'stream widened',
      'deny NoRule',
      { set: setWith(['Stream', 'payments', '{cluster: main, topics: [{prefix: p}]}']), name: 'private' },
    ],
    [
      'stream moved to another cluster',
      'deny NoRule',
      { set: setWith(['Stream', 'payments', '{cluster: other, topics: [{prefix: payments.}]}']), cluster: 'other' },
    ],
    [
      'a new OIDC subject of the Identity',
      'deny NoRule',
      {
        set: setWith([
          'Identity',
          'alice',
          '{person: {oidc: [{issuer: https://idp, subject: a}, {issuer: https://idp, subject: evil}]}}',
        ]),
      },
    ],
    [
      'a new e-mail changes nothing',
      'allow g1 until 11-24T12:00',
      { set: setWith(['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}], emails: [a@b.c]}}']) },
    ],
    [
      'hours added to the policy',
      'allow g1 until 11-24T11:30',
      {
        set: setWith([
          'AccessPolicy',
          'ask-payments',
          ask30.replace('limits: {', 'limits: {hours: {tz: UTC, days: [tue], from: "08:00", to: "11:30"}, '),
        ]),
      },
    ],
    ['operations narrower than the policy', 'deny NoRule', { grants: [grant({ operations: ['produce'] })] }],
  ])('%s', (_name, expected, question) => expect(shown(ask({ grants: [grant()], ...question }))).toBe(expected));
});

describe('deny and revocation', () => {
  const noPayments = setWith(deny('subjects: [{identity: alice}], streams: [payments], operations: [consume]'));
  const nights = setWith(
    deny(
      'subjects: [{group: team}], streams: [payments], operations: [consume], limits: {hours: {tz: UTC, days: [tue], from: "11:30", to: "24:00"}}',
    ),
  );
  test.each<[string, string, Ask]>([
    ['deny beats a grant', 'deny ExplicitDeny', { set: noPayments, grants: [grant()] }],
    [
      'deny beats a revocation',
      'deny ExplicitDeny',
      { set: noPayments, tombstones: [revoked({ subject: 'alice' }, '09:00')] },
    ],
    [
      'deny of one operation leaves the other',
      'allow g1 until 11-24T12:00',
      { set: noPayments, grants: [grant()], op: 'produce' },
    ],
    ['deny of one of two streams', 'deny ExplicitDeny', { set: noPayments, grants: [grant()], name: 'orders.paid' }],
    ['a deny to come bounds the allow', 'allow g1 until 11-24T11:30', { set: nights, grants: [grant()] }],
    ['a deny for hours', 'deny ExplicitDeny until 11-25T00:00', { set: nights, grants: [grant()], now: '11:45' }],
    ['a grant revoked by name', 'deny Revoked', { grants: [grant()], tombstones: [revoked({ grant: 'g1' }, '10:30')] }],
    [
      'a grant revoked by uid',
      'deny Revoked',
      { grants: [grant()], tombstones: [revoked({ grant: 'a'.repeat(32) }, '10:30')] },
    ],
    [
      'another grant revoked',
      'allow g1 until 11-24T12:00',
      { grants: [grant()], tombstones: [revoked({ grant: 'g9' }, '10:30')] },
    ],
    [
      'a subject: grants admitted before',
      'deny Revoked',
      { grants: [grant()], tombstones: [revoked({ subject: 'alice' }, '10:30')] },
    ],
    [
      'a subject: a scheduled grant admitted before',
      'deny Revoked',
      { grants: [grant({ admittedAt: at('09:00') })], tombstones: [revoked({ subject: 'alice' }, '09:30', '10:00')] },
    ],
    [
      'a subject: a grant admitted at that instant',
      'deny Revoked',
      { grants: [grant()], tombstones: [revoked({ subject: 'alice' }, '10:00')] },
    ],
    [
      'a subject: grants admitted after',
      'allow g1 until 11-24T12:00',
      { grants: [grant()], tombstones: [revoked({ subject: 'alice' }, '09:00')] },
    ],
    [
      'a subject: standing access',
      'deny Revoked',
      { name: 'orders.new', tombstones: [revoked({ subject: 'alice' }, '09:00')] },
    ],
    [
      'a subject: standing access until',
      'deny Revoked until 11-24T15:00',
      { name: 'orders.new', tombstones: [revoked({ subject: 'alice' }, '09:00', '15:00')] },
    ],
    [
      'a subject: standing access after that',
      'allow read-orders',
      { name: 'orders.new', now: '15:00', tombstones: [revoked({ subject: 'alice' }, '09:00', '15:00')] },
    ],
    [
      'a subject: grants stay dead after that',
      'deny Revoked',
      { now: '11:30', grants: [grant()], tombstones: [revoked({ subject: 'alice' }, '10:30', '11:00')] },
    ],
    [
      'another subject',
      'allow read-orders',
      { name: 'orders.new', tombstones: [revoked({ subject: 'bob' }, '09:00')] },
    ],
  ])('%s', (_name, expected, question) => expect(shown(ask(question))).toBe(expected));
});

describe('which of several rights that are over is told of', () => {
  const later = { name: 'g2', uid: 'b'.repeat(32), start: at('12:30'), end: at('13:00'), admittedAt: at('12:20') };
  const old = revoked({ grant: 'g1' }, '10:30');
  test.each<[string, string, Ask]>([
    ['the grant that ended last', 'g2', { grants: [grant(), grant(later)], now: '14:00' }],
    [
      'one that ended after another was revoked',
      'g2',
      { grants: [grant(), grant(later)], tombstones: [old], now: '14:00' },
    ],
    [
      'a grant that was over when it was revoked',
      'g1',
      { grants: [grant()], tombstones: [revoked({ grant: 'g1' }, '12:01')], now: '14:00' },
    ],
    [
      'the revocation that came last',
      'r2',
      {
        grants: [grant(), grant(later)],
        tombstones: [old, { ...revoked({ grant: 'g2' }, '12:40'), name: 'r2' }],
        now: '14:00',
      },
    ],
    [
      'a revocation of the subject that is in force',
      'r1',
      { grants: [grant()], tombstones: [revoked({ subject: 'alice' }, '13:00', '15:00')], now: '14:00' },
    ],
  ])('%s', (_name, rule, question) => {
    const decision = ask(question);
    expect(decision).toMatchObject({ effect: 'deny', rule: { name: rule } });
    expect(decision.effect === 'deny' && decision.nearestMiss !== undefined).toBe(rule.startsWith('g'));
  });
});

describe('groups, transactional ids, the cluster', () => {
  const shared = setWith([
    'AccessPolicy',
    'read-orders',
    '{mode: standing, subjects: [{group: team}], streams: [orders], operations: [consume], groups: [{literal: shared}]}',
  ]);
  const admin = setWith([
    'AccessPolicy',
    'ask-admin',
    '{mode: onRequest, subjects: [{group: team}], streams: [orders], operations: [admin], approval: leads}',
  ]);
  const adminGrant = admitted(admin, { subject: 'alice', policy: 'ask-admin', start: at('10:00'), end: at('12:00') });
  const noGroup = setWith(
    deny('subjects: [{group: team}], streams: [payments], operations: [consume], groups: [{literal: alice.x}]'),
  );
  test.each<[string, string, Ask]>([
    ['own group', 'allow read-orders', { kind: 'group', name: 'alice.x' }],
    ['console group', 'allow read-orders', { kind: 'group', name: 'console-consumer-123' }],
    ["another's group", 'deny NoRule', { kind: 'group', name: 'bob.x' }],
    ['a shared group', 'deny NoRule', { kind: 'group', name: 'shared' }],
    ['a shared group that the policy opens', 'allow read-orders', { kind: 'group', name: 'shared', set: shared }],
    ['then the own one is not', 'deny NoRule', { kind: 'group', name: 'alice.x', set: shared }],
    ['describe a group', 'allow read-orders', { kind: 'group', name: 'alice.x', op: 'describe' }],
    ['offsets need offsets', 'deny NoRule', { kind: 'group', name: 'alice.x', op: 'offsets' }],
    [
      "the stream's own group",
      'allow ship-logs until 11-24T18:00',
      { as: 'ci', cluster: 'other', kind: 'group', name: 'shippers' },
    ],
    ["replaces the subject's", 'deny NoRule', { as: 'ci', cluster: 'other', kind: 'group', name: 'ci.x' }],
    ['no consume, no group', 'deny NoRule', { as: 'bob', kind: 'group', name: 'bob.x' }],
    [
      'a group through a grant',
      'allow g1 until 11-24T12:00',
      {
        as: 'bob',
        kind: 'group',
        name: 'bob.x',
        grants: [
          grant({
            subject: 'bob',
            bindings: admitted(set, { subject: 'bob', policy: 'ask-payments', start: 0, end: 1 }).bindings,
            streams: admitted(set, { subject: 'bob', policy: 'ask-payments', start: 0, end: 1 }).streams,
          }),
        ],
      },
    ],
    [
      'a frozen group list narrows',
      'deny NoRule',
      {
        as: 'alice',
        kind: 'group',
        name: 'alice.y',
        set: policySetOf(docs.filter((d) => d[1] !== 'read-orders')),
        grants: [
          grant({
            streams: [
              {
                stream: 'payments',
                topics: [{ prefix: 'payments.' }],
                groups: [{ literal: 'alice.x' }],
                transactionalIds: [],
              },
            ],
          }),
        ],
      },
    ],
    ['a group denied by name', 'deny ExplicitDeny', { kind: 'group', name: 'alice.x', set: noGroup }],
    ['and no other', 'allow read-orders', { kind: 'group', name: 'alice.y', set: noGroup }],
    ['a transactional id needs produce', 'deny NoRule', { kind: 'transactionalId', op: 'produce', name: 'alice.x' }],
    [
      'a transactional id',
      'allow g1 until 11-24T12:00',
      { kind: 'transactionalId', op: 'produce', name: 'alice.x', grants: [grant()] },
    ],
    [
      "the stream's transactional ids",
      'allow ship-logs until 11-24T18:00',
      { as: 'ci', cluster: 'other', kind: 'transactionalId', op: 'produce', name: 'ship-1' },
    ],
    ['admin without a grant', 'deny NoRule', { kind: 'cluster', name: 'main', op: 'admin', set: admin }],
    [
      'admin with one',
      'allow g1 until 11-24T12:00',
      { kind: 'cluster', name: 'main', op: 'admin', set: admin, grants: [adminGrant] },
    ],
    [
      'admin of another cluster',
      'deny NoRule',
      { kind: 'cluster', cluster: 'other', name: 'other', op: 'admin', set: admin, grants: [adminGrant] },
    ],
  ])('%s', (_name, expected, question) => expect(shown(ask(question))).toBe(expected));

  test('a member by claim, while the Group still asks for it', () => {
    const rules = setWith([
      'AccessPolicy',
      'claimed',
      '{mode: standing, subjects: [{group: claimed}], streams: [payments], operations: [consume]}',
    ]);
    expect(shown(ask({ as: 'bob', claims: ['claimed'], set: rules }))).toBe('allow claimed');
    expect(shown(ask({ as: 'bob', set: rules }))).toBe('deny NoRule');
    const listed = setWith(
      [
        'AccessPolicy',
        'claimed',
        '{mode: standing, subjects: [{group: claimed}], streams: [payments], operations: [consume]}',
      ],
      ['Group', 'claimed', '{members: [alice]}'],
    );
    expect(shown(ask({ as: 'bob', claims: ['claimed'], set: listed }))).toBe('deny NoRule');
  });
});

describe('masks', () => {
  const masksOf = (question: Ask): string[] => {
    const decision = ask(question);
    return decision.effect === 'allow'
      ? decision.masks.map(({ policy, lifted }) => `${policy.name}-[${lifted.join()}]`)
      : [decision.code];
  };
  const open = [
    'AccessPolicy',
    'open',
    '{mode: standing, subjects: [{group: team}], streams: [payments, orders], operations: [consume, produce]}',
  ] as const;
  const mail = [
    'MaskPolicy',
    'mail',
    '{streams: [orders], rules: [{name: all, detector: email, action: redact}], on: [consume, produce]}',
  ] as const;
  const ask30 = docs.find((doc) => doc[1] === 'ask-payments')![2];
  test.each<[string, string[], Ask]>([
    ['every allow is masked', ['cards-[]'], { set: setWith(open) }],
    ['only in its direction', [], { set: setWith(open), op: 'produce' }],
    ['describe shows no records', [], { set: setWith(open), op: 'describe' }],
    ['two streams: united', ['cards-[]', 'mail-[]'].sort(), { set: setWith(open, mail), name: 'orders.paid' }],
    ['a grant lifts what its policy names', ['cards-[number]'], { grants: [grant()] }],
    ['not what it did not lift', ['cards-[]'], { grants: [grant({ unmask: [] })] }],
    ['not what came later', ['cards-[]'], { grants: [grant({ masksAtAdmission: [] })] }],
    [
      'not what the policy no longer names',
      ['cards-[]'],
      {
        grants: [grant()],
        set: setWith(['AccessPolicy', 'ask-payments', ask30.replace(', unmask: [cards/number]', '')]),
      },
    ],
    ['not before it starts', ['cards-[]'], { grants: [grant()], now: '09:00', set: setWith(open) }],
    [
      'a mask with nothing left is left out',
      [],
      {
        grants: [grant()],
        set: setWith([
          'MaskPolicy',
          'cards',
          '{streams: [payments], rules: [{name: number, path: card, action: redact}]}',
        ]),
      },
    ],
    [
      'on both streams it has to be lifted on both',
      ['cards-[]'],
      {
        name: 'orders.paid',
        grants: [
          grant({
            streams: [{ stream: 'payments', topics: [{ literal: 'orders.paid' }], groups: [], transactionalIds: [] }],
          }),
        ],
        set: setWith([
          'MaskPolicy',
          'cards',
          '{streams: [payments, orders], rules: [{name: number, path: card, action: redact}]}',
        ]),
      },
    ],
  ])('%s', (_name, expected, question) => expect(masksOf(question)).toEqual(expected));
});

describe('what a decision says', () => {
  test('an allow names its rule, grant, streams and durability', () => {
    expect(ask({ name: 'orders.paid', grants: [grant()] })).toMatchObject({
      rule: { kind: 'Grant', name: 'g1', at: { file: 'grants/g1.yaml' } },
      grant: 'a'.repeat(32),
      policy: 'ask-payments',
      streams: ['orders', 'payments'],
      durability: 'strict',
    });
    expect(ask({ as: 'ci', cluster: 'other', name: 'logs' })).toMatchObject({
      rule: { kind: 'AccessPolicy', at: { file: 'policies/ship-logs.yaml', line: 3, column: 18 } },
      grant: undefined,
      durability: 'bestEffort',
    });
  });

  test('a deny says how to ask', () => {
    expect(ask({})).toEqual({
      effect: 'deny',
      code: 'NoRule',
      message: 'alice may not consume topic payments.card on main: no policy allows it',
      rule: { kind: 'default', name: 'default deny', at: undefined },
      until: undefined,
      nearestMiss: {
        policy: 'ask-payments',
        at: set.policies.get('ask-payments')!.at,
        command: 'sluice access request --stream payments --operation consume --for PT30M --reason "..."',
      },
      readsSource: false,
    });
    expect(ask({ op: 'describe' })).toMatchObject({
      nearestMiss: { command: expect.stringContaining('--operation consume') },
    });
    expect(ask({ as: 'ci' })).toMatchObject({ nearestMiss: undefined });
  });

  test('a snapshot that was cloned to a worker decides the same', () => {
    const snapshot = snapshotOf(set, [grant()]);
    const resource = { cluster: 'main', kind: 'topic', name: 'orders.paid' } as const;
    expect(decide(structuredClone(snapshot), who('alice'), 'consume', resource, at('11:00'))).toEqual(
      decide(snapshot, who('alice'), 'consume', resource, at('11:00')),
    );
  });
});
