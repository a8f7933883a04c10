import { describe, expect, test } from 'vitest';
import type { PolicySet } from '../../../core/model/documents.ts';
import { unacknowledged } from '../../../core/plan/limits.ts';
import type { PlanChange } from '../../../core/plan/plan.ts';
import { judgeLimits, planOf } from '../../../core/plan/plan-of.ts';
import { policySetOf } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];

const person = (more = ''): string => `{person: {oidc: [{issuer: https://idp, subject: SUB}]${more}}}`;
const docs: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Cluster', 'other', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ['Stream', 'payments', '{cluster: main, topics: [{prefix: payments.}], minimumApproval: leads}'],
  ...['alice', 'bob', 'carol', 'dave'].map((name): Doc => ['Identity', name, person().replace('SUB', name)]),
  ['Identity', 'ci', '{workload: {issuer: https://ci, claims: {repo: "1", ref: main}}}'],
  ['Group', 'team', '{members: [alice]}'],
  ['Group', 'leads', '{members: [bob, carol]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'leads', '{require: {all: [{from: leads, count: 2}]}, maxAge: PT1H}'],
  [
    'AccessPolicy',
    'read',
    '{mode: standing, subjects: [{group: team}, {identity: ci}], streams: [orders], operations: [consume], limits: {hours: {tz: UTC, days: [mon, tue], from: "08:00", to: "18:00"}}}',
  ],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{group: team}], streams: [payments], operations: [consume], limits: {maxDuration: PT1H, maxActive: 1}, approval: leads}',
  ],
  [
    'AccessPolicy',
    'never',
    '{effect: deny, subjects: [{identity: ci}], streams: [orders], operations: [consume], limits: {hours: {tz: UTC, days: [tue], from: "08:00", to: "10:00"}}}',
  ],
  [
    'MaskPolicy',
    'cards',
    '{streams: [payments], rules: [{name: number, path: card, action: redact}, {name: mail, detector: email, action: hash}]}',
  ],
  [
    'Grant',
    'g1',
    `{uid: "${'a'.repeat(32)}", requestedBy: alice, subject: alice, policy: ask, streams: [payments], operations: [consume], window: {duration: PT30M}, reason: r}`,
  ],
  ['Revocation', 'r1', '{subject: dave, reason: r}'],
];
const base = policySetOf(docs);

/** The base with one document replaced, added, or (without spec) removed. */
function withDoc(kind: string, name: string, spec: string | undefined): PolicySet {
  const rest = docs.filter((doc) => !(doc[0] === kind && doc[1] === name));
  return policySetOf(spec === undefined ? rest : [...rest, [kind, name, spec]]);
}
function edited(kind: string, name: string, from: string, to: string): PolicySet {
  const spec = docs.find((doc) => doc[0] === kind && doc[1] === name)![2];
  expect(spec).toContain(from);
  return withDoc(kind, name, spec.replace(from, to));
}
/** One line for a change: `who: what`. */
function shown(change: PlanChange): string {
  const who = change.principals.join(' ');
  if (change.what !== 'access') return `${change.what} ${who}: ${change.before} -> ${change.after}`;
  const claims = change.claims.map(({ value }) => ` with ${value}`).join('');
  const aspects = change.aspects.join('+');
  return `${change.how} ${aspects} ${who}${claims}: ${change.operations} ${change.regions.map(({ names }) => names).join(' ')}`;
}

const read = docs.find((doc) => doc[1] === 'read')![2];

describe('what widens', () => {
  test.each<[string, PolicySet, string[]]>([
    [
      'a member more',
      withDoc('Group', 'team', '{members: [alice, carol]}'),
      [
        'standing access carol: consume orders.* <subject>.*,console-consumer-*',
        'request access carol: consume payments.* <subject>.*,console-consumer-*',
      ],
    ],
    [
      'a member by claim',
      edited('AccessPolicy', 'read', '{group: team}', '{group: team}, {group: claimed}'),
      ['standing access bob carol with x: consume orders.* <subject>.*,console-consumer-*'],
    ],
    [
      'hours',
      edited('AccessPolicy', 'read', 'tue], from: "08:00"', 'tue], from: "07:59"'),
      [
        'standing access alice: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: describe orders.* <subject>.*,console-consumer-*',
      ],
    ],
    [
      'a day',
      edited('AccessPolicy', 'read', 'mon, tue', 'mon, tue, sun'),
      [
        'standing access alice: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: describe orders.* <subject>.*,console-consumer-*',
      ],
    ],
    [
      'an operation',
      edited('AccessPolicy', 'read', '[consume]', '[consume, delete]'),
      ['standing access alice ci: delete orders.* <subject>.*,console-consumer-*'],
    ],
    [
      'topics of a stream',
      edited('Stream', 'orders', 'prefix: orders.', 'prefix: o'),
      ['standing access alice: consume o*', 'standing access ci: consume o*', 'standing access ci: describe o*'],
    ],
    [
      'a deny gone',
      withDoc('AccessPolicy', 'never', undefined),
      ['standing access ci: consume orders.* <subject>.*,console-consumer-*'],
    ],
    [
      'a deny of fewer hours',
      edited('AccessPolicy', 'never', 'to: "10:00"', 'to: "09:00"'),
      ['standing access ci: consume orders.* <subject>.*,console-consumer-*'],
    ],
    [
      'a shared consumer group',
      edited(
        'AccessPolicy',
        'read',
        'streams: [orders]',
        'streams: [orders], groups: [{prefix: alice.}, {prefix: ci.}, {prefix: console-consumer-}, {literal: shared}]',
      ),
      [
        'standing access ci: consume alice.*,shared',
        'standing access ci: describe alice.*,shared',
        'standing access alice: consume ci.*,shared',
      ],
    ],
    [
      'recording',
      edited(
        'AccessPolicy',
        'read',
        'operations: [consume]',
        'operations: [consume], recording: {durability: bestEffort}',
      ),
      [
        'standing recording alice: consume orders.*',
        'standing recording ci: consume orders.*',
        'standing recording ci: describe orders.*',
      ],
    ],
    [
      'a longer grant',
      edited('AccessPolicy', 'ask', 'PT1H', 'PT2H'),
      ['request access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'more grants at a time',
      edited('AccessPolicy', 'ask', 'maxActive: 1', 'maxActive: 2'),
      ['request access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'fewer approvers',
      edited('ApproverRule', 'leads', 'count: 2', 'count: 1'),
      ['request access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'more who may approve',
      withDoc('Group', 'leads', '{members: [bob, carol, dave]}'),
      ['request access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'approvals that live longer',
      edited('ApproverRule', 'leads', 'PT1H', 'PT2H'),
      ['request access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'on request, now standing',
      withDoc(
        'AccessPolicy',
        'more',
        read.replace('[orders]', '[payments]').replace('{group: team}, {identity: ci}', '{identity: carol}'),
      ),
      ['standing access carol: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'a mask rule gone',
      edited('MaskPolicy', 'cards', ', {name: mail, detector: email, action: hash}', ''),
      [
        'request mask cards/mail (hash) alice: consume payments.*',
        'grant mask cards/mail (hash) alice: consume payments.*',
      ],
    ],
    [
      'a weaker action',
      edited('MaskPolicy', 'cards', 'redact', 'hash'),
      [
        'request mask cards/number (redact) alice: consume payments.*',
        'grant mask cards/number (redact) alice: consume payments.*',
      ],
    ],
    [
      'a weak path before a detector',
      edited('MaskPolicy', 'cards', '{name: mail', '{name: some, path: mail, action: partial}, {name: mail'),
      [
        'request mask cards/mail (hash) alice: consume payments.*',
        'grant mask cards/mail (hash) alice: consume payments.*',
      ],
    ],
    [
      'values that cannot be masked',
      edited('MaskPolicy', 'cards', '{streams', '{unmaskable: redactAll, streams'),
      [
        'request mask cards (unmaskable: deny) alice: consume payments.*',
        'grant mask cards (unmaskable: deny) alice: consume payments.*',
      ],
    ],
    [
      'unmask',
      edited('AccessPolicy', 'ask', 'approval: leads', 'approval: leads, unmask: [cards/mail]'),
      ['request mask cards/mail (hash) alice: consume payments.*'],
    ],
    [
      'a grant',
      withDoc('Grant', 'g2', docs.find((doc) => doc[1] === 'g1')![2].replace('a'.repeat(32), 'b'.repeat(32))),
      ['grant access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'a grant that lasts longer',
      edited('Grant', 'g1', 'PT30M', 'PT40M'),
      ['grant access alice: consume payments.* <subject>.*,console-consumer-*'],
    ],
    [
      'another cluster',
      edited('Stream', 'orders', 'cluster: main', 'cluster: other'),
      [
        'standing access alice: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: consume orders.* <subject>.*,console-consumer-*',
        'standing access ci: describe orders.* <subject>.*,console-consumer-*',
      ],
    ],
    [
      'an OIDC subject',
      withDoc(
        'Identity',
        'alice',
        person().replace(
          '{issuer: https://idp, subject: SUB}',
          '{issuer: https://idp, subject: alice}, {issuer: https://idp, subject: evil}',
        ),
      ),
      ['identity alice: not so -> OIDC subject evil of https://idp is alice'],
    ],
    [
      'claims of a workload',
      edited('Identity', 'ci', ', ref: main', ''),
      ['identity ci: not so -> tokens of https://ci with repo 1 are ci'],
    ],
  ])('%s', (_name, head, expected) => {
    const { widens } = planOf(base, head);
    expect(widens.map(shown)).toEqual(expected);
    expect(planOf(head, base).narrows.length).toBeGreaterThanOrEqual(widens.length);
    expect(widens.every(({ causes }) => causes.length > 0)).toBe(true);
  });

  test('a revocation lifted', () => {
    const revoked = policySetOf([
      ...docs,
      ['AccessPolicy', 'daves', read.replace('{group: team}, {identity: ci}', '{identity: dave}')],
    ]);
    const lifted = policySetOf([
      ...docs.filter((doc) => doc[0] !== 'Revocation'),
      ['AccessPolicy', 'daves', read.replace('{group: team}, {identity: ci}', '{identity: dave}')],
    ]);
    const plan = planOf(revoked, lifted);
    expect(plan.widens.map(shown)).toEqual(['standing access dave: consume orders.* <subject>.*,console-consumer-*']);
    expect(plan.widens[0]!.causes).toMatchObject([
      { kind: 'Revocation', name: 'r1', change: 'removed', file: 'revocations/r1.yaml' },
    ]);
    expect(planOf(base, policySetOf(docs.filter((doc) => doc[0] !== 'Revocation'))).widens).toEqual([]);
  });
});

describe('what changes nothing', () => {
  test.each<[string, PolicySet]>([
    ['the same', policySetOf(docs)],
    ['another order', policySetOf([...docs].reverse())],
    [
      'a policy of another name',
      policySetOf([...docs.filter((doc) => doc[1] !== 'read'), ['AccessPolicy', 'reads', read]]),
    ],
    [
      'a policy in two',
      policySetOf([
        ...docs.filter((doc) => doc[1] !== 'read'),
        ['AccessPolicy', 'r1', read.replace('{group: team}, ', '')],
        ['AccessPolicy', 'r2', read.replace(', {identity: ci}', '')],
      ]),
    ],
    [
      'hours in two',
      policySetOf([
        ...docs.filter((doc) => doc[1] !== 'read'),
        ['AccessPolicy', 'am', read.replace('18:00', '12:30')],
        ['AccessPolicy', 'pm', read.replace('08:00', '12:30')],
      ]),
    ],
    [
      'a member by name',
      policySetOf(
        docs.map((doc) =>
          doc[1] === 'read' ? ([doc[0], doc[1], doc[2].replace('{group: team}', '{identity: alice}')] as const) : doc,
        ),
      ),
    ],
    [
      'masks in two',
      policySetOf([
        ...docs.filter((doc) => doc[0] !== 'MaskPolicy'),
        ['MaskPolicy', 'm1', '{streams: [payments], rules: [{name: number, path: card, action: redact}]}'],
        ['MaskPolicy', 'm2', '{streams: [payments], rules: [{name: mail, detector: email, action: hash}]}'],
      ]),
    ],
    [
      'a rule of another name for the same people',
      policySetOf([
        ...docs.map((doc) => [doc[0], doc[1], doc[2].replace('approval: leads', 'approval: two')] as const),
        ['ApproverRule', 'two', '{require: {any: [{from: leads, count: 2}]}, maxAge: PT1H}'],
      ]),
    ],
    ['an Identity without a right', withDoc('Identity', 'erin', person().replace('SUB', 'erin'))],
  ])('%s', (_name, head) => {
    const plan = planOf(base, head);
    expect([...plan.widens, ...plan.narrows].map(shown)).toEqual([]);
    expect(plan.limits).toEqual([]);
    expect(plan.hours.before).toBe(plan.hours.after);
  });
});

describe('limits', () => {
  const names = (head: PolicySet, from = base): string[] => planOf(from, head).limits.map(({ limit }) => limit);
  const more = withDoc(
    'AccessPolicy',
    'more',
    read.replace('{group: team}, {identity: ci}', '{identity: bob}, {identity: carol}'),
  );

  test.each<[string, string[], PolicySet]>([
    ['more than 30 % of all', ['widenPrincipalsPercent'], more],
    ['a mask', ['masks'], edited('MaskPolicy', 'cards', 'redact', 'partial')],
    ['no minimumApproval', ['approvers'], edited('Stream', 'payments', ', minimumApproval: leads', '')],
    [
      'standing beside on request',
      ['approvers'],
      withDoc(
        'AccessPolicy',
        'more',
        read.replace('[orders]', '[payments]').replace('{group: team}, {identity: ci}', '{identity: carol}'),
      ),
    ],
    ['whoever joins a group', [], withDoc('Group', 'team', '{members: [alice, carol]}')],
    [
      'grants are signed for on their own',
      [],
      withDoc('Grant', 'g2', docs.find((doc) => doc[1] === 'g1')![2].replace('a'.repeat(32), 'b'.repeat(32))),
    ],
    [
      'revoking everybody',
      [],
      policySetOf([
        ...docs,
        ...['alice', 'bob', 'carol', 'ci'].map(
          (name): Doc => ['Revocation', `no-${name}`, `{subject: ${name}, reason: r}`],
        ),
      ]),
    ],
  ])('%s', (_name, expected, head) => expect(names(head)).toEqual(expected));

  test('Identities that the change adds make the share no smaller, and count when they get something', () => {
    const identity = (name: string): Doc => ['Identity', name, person().replace('SUB', name)];
    const [few, unused] = [['alice', 'bob', 'carol', 'dave'], Array.from({ length: 7 }, (_, n) => `unused-${n}`)];
    const world = (people: readonly string[], members: readonly string[]): PolicySet =>
      policySetOf([
        ['Cluster', 'main', '{type: kafka}'],
        ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
        ...people.map(identity),
        ['Group', 'team', `{members: [${members.join(', ')}]}`],
        [
          'AccessPolicy',
          'read',
          '{mode: standing, subjects: [{group: team}], streams: [orders], operations: [consume]}',
        ],
      ]);
    const messages = (head: PolicySet, from: PolicySet): string[] =>
      planOf(from, head).limits.map((one) => one.message);
    const all = [...few, ...unused];
    const diluted = messages(world(all, ['alice', 'bob', 'carol']), world(few, []));
    expect(diluted).toEqual(['it widens what 3 of 4 Identities may do (75 %); the limit is 30 %']);
    expect(messages(world(few, ['alice', 'bob', 'carol']), world(few, []))).toEqual(diluted);
    expect(messages(world(all, []), world(few, []))).toEqual([]);
    expect(messages(world(all, ['alice', 'unused-0']), world(few, []))).toEqual([
      'it widens what 2 Identities may do, 1 of them new, where there were 4 (50 %); the limit is 30 %',
    ]);
    expect(messages(world(few, ['alice']), world([], []))).toEqual([
      'it widens what 1 Identity may do, 1 of them new, where there were 0 (100 %); the limit is 30 %',
    ]);
  });

  test('a change does not lift its own limit', () => {
    const lax = { ...more, repo: { ...more.repo, widenPrincipalsPercent: 100 } };
    expect(names(lax)).toEqual(['widenPrincipalsPercent']);
    expect(names(more, { ...base, repo: lax.repo })).toEqual([]);
    expect(planOf(base, lax).widens.map(shown)).toContainEqual(
      expect.stringContaining('repo : a change may widen what 30 %'),
    );
  });

  test('grants are in neither limits nor digest, whatever comes and goes while a change waits', () => {
    const bare = ({ grants: _grants, ...set }: PolicySet): PolicySet => ({ ...set, grants: new Map() });
    const head = edited('MaskPolicy', 'cards', 'redact', 'partial');
    const plan = planOf(base, head);
    expect(plan.widens).not.toEqual(planOf(bare(base), bare(head)).widens); // g1 sees more too
    const { limits, digest, principals } = planOf(bare(base), bare(head));
    expect(plan).toMatchObject({ limits, digest, principals });
    expect(judgeLimits(base, head)).toEqual({ limits, digest, principals });
    expect(limits).not.toEqual([]);
  });

  test('the digest is of what widens alone, and of one use', () => {
    const plan = planOf(base, more);
    expect(unacknowledged(plan, more.repo)).toBe(true);
    expect(unacknowledged(plan, { acknowledge: [plan.digest] })).toBe(false);
    const moved = new Map(
      [...more.policies].map(([name, policy]) => [name, { ...policy, at: { ...policy.at, line: 99 } }]),
    );
    const narrower = { ...more, policies: new Map([...moved].filter(([name]) => name !== 'ask')), grants: new Map() };
    expect(planOf(base, narrower).digest).toBe(plan.digest);
    expect(planOf(base, withDoc('Group', 'team', '{members: [alice, carol]}')).digest).not.toBe(plan.digest);
    // What the base acknowledges already was for a change before: the same change again needs a new word.
    const used = { ...base, repo: { ...base.repo, acknowledge: [plan.digest] } };
    const again = { ...more, repo: used.repo };
    expect(planOf(used, again).digest).not.toBe(plan.digest);
    expect(unacknowledged(planOf(used, again), again.repo)).toBe(true);
  });
});

test('hours of access', () => {
  // alice and ci read 20 h a week (ci 2 h less on Tuesdays); alice may hold payments for 1 h and has a grant of 0.5 h.
  const week = (20 + 18) * (30 / 7);
  expect(planOf(base, base).hours).toEqual({
    before: Math.round((week + 1.5) * 10) / 10,
    after: Math.round((week + 1.5) * 10) / 10,
  });
});
