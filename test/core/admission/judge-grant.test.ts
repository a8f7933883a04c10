import { expect, test } from 'vitest';
import { meets } from '../../../core/admission/count-approvals.ts';
import type { Grant } from '../../../core/model/documents.ts';
import type { Refusal } from '../../../core/model/verdict.ts';
import { approval, type Bend, changed, grant, hour, judge, mergedAt, minute, rules } from './merged-request.ts';

const refused = (refusal: Refusal, message: RegExp | string = '') => ({
  admitted: undefined,
  verdict: {
    admitted: false,
    refusal,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  },
});

test('approved by one who may: admitted, frozen with its window, scope, masks and bindings', () => {
  const { verdict, admitted } = judge([approval('bob')]);
  expect(verdict).toMatchObject({ admitted: true, refusal: undefined, approvals: [{ by: 'bob' }], discounted: [] });
  expect(admitted).toMatchObject({
    uid: grant.uid,
    cluster: 'main',
    streams: [{ stream: 'payments', topics: [{ literal: 'payments' }], groups: [{ prefix: 'alice.' }, {}] }],
    start: mergedAt,
    end: mergedAt + 2 * hour,
    masksAtAdmission: ['pii/card'],
    approvedBy: ['bob'],
    bindings: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('the same input gives the same verdict, and the input is left alone', () => {
  const one = judge([approval('bob'), approval('carol')]);
  expect(judge([approval('bob'), approval('carol')])).toEqual(one);
});

test.each(['DirectPush', 'NotAMerge', 'UnsignedRequest', 'UnsignedMerge'] as const)('a step that is %s', (refusal) => {
  const flaw = { refusal, message: 'told by git' };
  expect(judge([approval('bob')], { evidence: { flaw } })).toMatchObject(refused(refusal, 'told by git'));
});

test.each([
  ['by another', ['mallory'], 'signed by mallory'],
  ['by another as well', ['alice', 'mallory'], 'alice, mallory'],
  ['by nobody', [], 'signed by nobody'],
])('commits of the request signed %s', (_name, requestSigners, message) => {
  expect(judge([approval('bob')], { evidence: { requestSigners } })).toMatchObject(refused('UnsignedRequest', message));
});

test.each<[string, string, Bend, string]>([
  ['the subject', 'carol', { grant: { subject: 'carol' }, rules: forEverybody() }, 'it is for them'],
  ['the requester', 'alice', {}, 'it is for them'],
  ['the requester for another', 'alice', { grant: { subject: 'mallory' } }, 'they asked for it'],
  ['an author by claimed e-mail', 'bob', { evidence: { claimedEmails: ['BOB@example.com '] } }, 'an author'],
  ['an alias of the subject', 'alice-admin', {}, 'the same human as alice'],
  ['an alias of an alias, named from the other side', 'alice-old', {}, 'the same human as alice'],
  ['an alias of an author', 'bob-too', { evidence: { claimedEmails: ['bob@example.com'] } }, 'the same human as bob'],
])('self-approval: %s', (_name, by, bend, why) => {
  const own = { ...grant, ...bend.grant };
  const found = judge([approval(by, { of: own, under: bend.rules ?? rules })], bend);
  expect(found).toMatchObject(refused('SelfApproval', why));
  expect(found.verdict.discounted).toEqual([{ by, why: expect.stringContaining(why) }]);
});

test('self-approval: whoever signed a commit of the request', () => {
  const bend = { grant: { requestedBy: 'carol', subject: 'mallory' }, evidence: { requestSigners: ['carol'] } };
  expect(judge([approval('carol', { of: { ...grant, ...bend.grant } })], bend)).toMatchObject(refused('SelfApproval'));
});

function forEverybody() {
  return changed(['Group', 'developers', '{members: [alice, mallory, carol]}']);
}

test.each<[string, Bend]>([
  ['grant', { grant: { operations: ['consume'], reason: 'another reason' } }],
  ['grant', { grant: { window: { ...grant.window, duration: 3 * hour } } }],
  ['grant', { grant: { name: 'g2' } }],
  [
    'subject',
    { rules: changed(['Identity', 'alice', '{person: {oidc: [{issuer: "https://idp.example", subject: m}]}}']) },
  ],
  ['policy', { rules: changed(['AccessPolicy', 'debug', debug('PT8H')]) }],
  [
    'approval',
    { rules: changed(['ApproverRule', 'lead', '{require: {all: [{from: leads, count: 1}]}, maxAge: PT48H}']) },
  ],
  ['scope', { rules: changed(['Stream', 'payments', '{cluster: main, topics: [{prefix: pay}]}']) }],
  ['scope', { rules: elsewhere() }],
  ['masks', { rules: changed(['MaskPolicy', 'pii', undefined]) }],
  [
    'masks',
    {
      rules: changed([
        'MaskPolicy',
        'pii',
        '{streams: [payments], rules: [{name: card, detector: card, action: hash}]}',
      ]),
    },
  ],
])('approved before %s changed', (part, bend) => {
  expect(judge([approval('bob')], bend)).toMatchObject(
    refused(
      'ApprovalForOtherContent',
      new RegExp(`approved other content: ([a-z, ]*, )?${part}(, [a-z, ]*)? changed since`),
    ),
  );
});

test('approved before the recording changed', () => {
  const spec = `${debug('PT4H').slice(0, -1)}, recording: {durability: bestEffort}}`;
  expect(judge([approval('bob')], { rules: changed(['AccessPolicy', 'debug', spec]) })).toMatchObject(
    refused('ApprovalForOtherContent', 'policy, recording changed since'),
  );
});

function debug(longest: string): string {
  return `{effect: allow, mode: onRequest, subjects: [{group: developers}], streams: [payments, refunds], operations: [consume], approval: lead, limits: {maxDuration: ${longest}, maxActive: 2}}`;
}

function elsewhere() {
  return changed(
    ['Stream', 'payments', '{cluster: spare, topics: [{literal: payments}]}'],
    ['Stream', 'refunds', '{cluster: spare, topics: [{literal: refunds}], minimumApproval: auditors}'],
  );
}

test('what is no part of the right does not matter: other groups, other people, where the file stands', () => {
  const other = changed(
    ['Group', 'security', '{members: [carol]}'],
    ['Identity', 'eve', '{person: {oidc: [{issuer: "https://idp.example", subject: eve}]}}'],
  );
  const moved: Partial<Grant> = { at: { file: 'grants/2026-11/g1.yaml', line: 9, column: 1 }, labels: { a: 'b' } };
  expect(judge([approval('bob')], { rules: other, grant: moved }).verdict.admitted).toBe(true);
});

test.each([
  ['repo', approval('bob', { repoId: '2'.repeat(40) }), 'another repo or branch'],
  ['branch', approval('bob', { branch: 'next' }), 'another repo or branch'],
  ['grant', approval('bob', { of: { ...grant, uid: 'e'.repeat(32) } }), 'another request'],
  ['kind', approval('bob', { kind: 'policy', uid: '' }), 'another request'],
  ['history', approval('bob', { base: undefined }), 'not on the branch'],
])('an approval for another %s', (_name, seen, why) => {
  expect(judge([seen])).toMatchObject(refused('ApprovalReplayed', why));
});

test.each<[string, Parameters<typeof approval>[1], Refusal, string]>([
  ['older than maxAge', { signedAt: mergedAt - 24 * hour - 1 }, 'ApprovalExpired', 'older than the rule allows'],
  ['past its own expiry', { expiresAt: mergedAt - 1 }, 'ApprovalExpired', 'it had expired'],
  ['signed after the merge', { signedAt: mergedAt + 1 }, 'MergeTimeOutOfRange', 'signed after the merge'],
])('an approval %s', (_name, bend, refusal, why) => {
  expect(judge([approval('bob', bend)])).toMatchObject(refused(refusal, why));
});

test('just in time: at maxAge, at expiresAt, at the time of the merge', () => {
  for (const bend of [{ signedAt: mergedAt - 24 * hour }, { expiresAt: mergedAt }, { signedAt: mergedAt }]) {
    expect(judge([approval('bob', bend)]).verdict.admitted).toBe(true);
  }
});

test('an unknown key approves nothing', () => {
  const found = judge([{ ...approval('bob'), by: undefined }]);
  expect(found).toMatchObject(refused('NotEnoughApprovals'));
  expect(found.verdict.discounted).toEqual([{ by: 'an unknown key', why: expect.stringContaining('no key') }]);
});

test.each<[string, number, number, boolean]>([
  ['as far ahead as the skew', minute, 0, true],
  ['further ahead', minute + 1, 0, false],
  ['before the merge it stands on, within the skew', 0, mergedAt + minute, true],
  ['before the merge it stands on', 0, mergedAt + minute + 1, false],
])('a merge dated %s', (_name, ahead, lastMergedAt, admitted) => {
  const found = judge([approval('bob')], { facts: { now: mergedAt - ahead, lastMergedAt } });
  if (admitted) expect(found.verdict.admitted).toBe(true);
  else expect(found).toMatchObject(refused('MergeTimeOutOfRange', /still to come|stands on one of/));
});

test('a back-dated merge only shortens what is left of the window', () => {
  const signedAt = mergedAt - 3 * hour;
  const { admitted } = judge([approval('bob', { signedAt })], {
    evidence: { mergedAt: mergedAt - hour },
    facts: { now: mergedAt },
  });
  expect(admitted).toMatchObject({ start: mergedAt - hour, end: mergedAt + hour });
  expect(judge([approval('bob')], { evidence: { mergedAt: mergedAt - hour }, facts: { now: mergedAt } })).toMatchObject(
    refused('MergeTimeOutOfRange', 'signed after the merge'),
  );
});

test.each<[string, Parameters<typeof judge>[0], Refusal | undefined]>([
  ['approve, then reject', [approval('bob'), approval('bob', { verdict: 'reject', signedAt: mergedAt - 1 })], 'Vetoed'],
  [
    'reject, then approve',
    [approval('bob', { verdict: 'reject', signedAt: mergedAt - hour }), approval('bob')],
    undefined,
  ],
  [
    'in whatever order they are listed',
    [approval('bob', { verdict: 'reject', signedAt: mergedAt - 1 }), approval('bob')],
    'Vetoed',
  ],
  ['at the same time', [approval('bob', { verdict: 'reject' }), approval('bob')], 'Vetoed'],
  ['another approver rejects', [approval('bob'), approval('carol', { verdict: 'reject' })], 'Vetoed'],
  ['one who may not approve rejects', [approval('bob'), approval('dave', { verdict: 'reject' })], undefined],
  ['a stranger rejects', [approval('bob'), { ...approval('x', { verdict: 'reject' }), by: undefined }], undefined],
  [
    'rejected other content',
    [approval('bob'), approval('carol', { verdict: 'reject', digest: 'f'.repeat(64) })],
    undefined,
  ],
  [
    'an old rejection',
    [approval('bob'), approval('carol', { verdict: 'reject', signedAt: mergedAt - 99 * hour })],
    'Vetoed',
  ],
  [
    'a rejection past its expiry',
    [approval('bob'), approval('carol', { verdict: 'reject', expiresAt: mergedAt - 1 })],
    'Vetoed',
  ],
  [
    'a rejection after the signed time',
    [approval('bob'), approval('carol', { verdict: 'reject', signedAt: mergedAt + 1 })],
    'Vetoed',
  ],
  [
    'an approval too old to take a rejection back',
    [
      approval('bob'),
      approval('carol', { verdict: 'reject', signedAt: mergedAt - 50 * hour }),
      approval('carol', { signedAt: mergedAt - 40 * hour }),
    ],
    'Vetoed',
  ],
])('veto: %s', (_name, approvals, refusal) => {
  const { verdict } = judge(approvals);
  expect(verdict.refusal).toBe(refusal);
});

test('nobody is kept from rejecting by being named an author', () => {
  const found = judge([approval('bob'), approval('carol', { verdict: 'reject' })], {
    evidence: { claimedEmails: ['carol@example.com'] },
  });
  expect(found).toMatchObject(refused('Vetoed', 'carol rejected it'));
});

const rule = (require: string) => changed(['ApproverRule', 'lead', `{require: ${require}, maxAge: PT24H}`]);

test.each<[string, string, readonly string[], boolean]>([
  ['two of one group, one came', '{all: [{from: leads, count: 2}]}', ['bob'], false],
  ['two of one group, two came', '{all: [{from: leads, count: 2}]}', ['bob', 'carol'], true],
  ['two Identities of one human are one', '{all: [{from: leads, count: 2}]}', ['bob', 'bob-too'], false],
  ['any: two Identities of one human are one', '{any: [{from: leads, count: 2}]}', ['bob', 'bob-too'], false],
  ['any: the second clause', '{any: [{from: leads, count: 3}, {from: security, count: 1}]}', ['dave'], true],
  ['any: half of each is none', '{any: [{from: leads, count: 2}, {from: security, count: 2}]}', ['bob', 'dave'], false],
  ['all: each clause', '{all: [{from: leads, count: 1}, {from: security, count: 1}]}', ['bob', 'dave'], true],
  [
    'one who is in both groups fills one clause',
    '{all: [{from: leads, count: 1}, {from: security, count: 1}]}',
    ['carol'],
    false,
  ],
  [
    'whoever can only fill one is put there',
    '{all: [{from: leads, count: 1}, {from: security, count: 1}]}',
    ['carol', 'dave'],
    true,
  ],
  ['in the other order too', '{all: [{from: security, count: 1}, {from: leads, count: 1}]}', ['carol', 'bob'], true],
  [
    'three slots, three people',
    '{all: [{from: leads, count: 2}, {from: security, count: 1}]}',
    ['carol', 'bob', 'dave'],
    true,
  ],
  ['three slots, two people', '{all: [{from: leads, count: 2}, {from: security, count: 1}]}', ['carol', 'bob'], false],
  ['nobody of the group', '{all: [{from: leads, count: 1}]}', ['dave'], false],
])('counting: %s', (_name, require, people, admitted) => {
  const under = rule(require);
  const found = judge(
    people.map((name) => approval(name, { under })),
    { rules: under },
  );
  if (admitted) expect(found.verdict).toMatchObject({ admitted, refusal: undefined });
  else expect(found).toMatchObject(refused('NotEnoughApprovals', "approver rule 'lead' is not met"));
});

test('nobody at all', () => {
  expect(judge([])).toMatchObject(refused('NotEnoughApprovals'));
});

test.each([
  ['at the parent, not when they signed', 'base'],
  ['when they signed, not at the parent', 'parent'],
])('a member %s does not count', (_name, missing) => {
  const without = changed(['Group', 'leads', '{members: [carol]}']);
  const found =
    missing === 'base'
      ? judge([approval('bob', { base: without })])
      : judge([approval('bob', { under: without, base: rules })], { rules: without });
  expect(found).toMatchObject(refused('NotEnoughApprovals'));
});

test.each(['all', 'any'] as const)('a rule without clauses (%s) approves nothing', (match) => {
  const lead = rules.approverRules.get('lead')!;
  const empty = { ...lead, require: { match, clauses: [] } };
  expect(meets(empty, rules, [{ ...approval('bob'), name: 'bob' }])).toBe(false);
  const under = { ...rules, approverRules: new Map([...rules.approverRules, ['lead', empty]]) };
  expect(judge([approval('bob', { under })], { rules: under })).toMatchObject(refused('NotEnoughApprovals'));
});

test('a count below one still asks for one', () => {
  const lead = rules.approverRules.get('lead')!;
  const none = { ...lead, require: { match: 'any', clauses: [{ from: 'leads', count: 0 }] } } as const;
  expect(meets(none, rules, [])).toBe(false);
});

test('the minimum approval of every stream is needed besides the rule of the policy', () => {
  const of = { ...grant, streams: ['payments', 'refunds'] };
  const bend = { grant: { streams: of.streams } };
  expect(judge([approval('bob', { of })], bend)).toMatchObject(refused('NotEnoughApprovals', "'auditors' is not met"));
  expect(judge([approval('dave', { of })], bend)).toMatchObject(refused('NotEnoughApprovals', "'lead' is not met"));
  expect(judge([approval('bob', { of }), approval('dave', { of })], bend).verdict.admitted).toBe(true);
  expect(judge([approval('carol', { of })], bend).verdict.admitted).toBe(true);
  const old = mergedAt - 2 * hour; // the shorter maxAge of the two rules holds
  expect(judge([approval('carol', { of, signedAt: old })], bend)).toMatchObject(refused('ApprovalExpired'));
});

test('members by claim never approve', () => {
  const leads = {
    ...rules.groups.get('leads')!,
    members: [],
    fromClaim: { issuer: 'https://idp.example', claim: 'r', value: 'lead' },
  };
  const under = { ...rules, groups: new Map([...rules.groups, ['leads', leads]]) };
  expect(judge([approval('bob', { under })], { rules: under })).toMatchObject(refused('NotEnoughApprovals'));
});

test('a uid that was used is used up', () => {
  expect(judge([approval('bob')], { facts: { uidUsed: true } })).toMatchObject(refused('UidReused'));
});

test.each<[string, Partial<Grant>, string]>([
  ['subject', { subject: 'bob' }, 'not among the subjects'],
  ['stream', { streams: ['nothing'] }, 'does not exist'],
  ['operation', { operations: ['consume', 'produce'] }, "does not offer 'produce'"],
  ['duration', { window: { ...grant.window, duration: 5 * hour } }, 'longer than policy'],
  ['topics', { topics: [{ prefix: 'pay' }] }, 'more than what is offered'],
  ['groups', { groups: [{ prefix: 'bob.' }] }, 'more than what is offered'],
  ['transactional ids', { transactionalIds: [{ literal: 'bob.t' }] }, 'more than what is offered'],
  ['policy', { policy: 'nothing' }, 'does not exist'],
  ['requester', { requestedBy: 'nobody' }, 'does not exist'],
])('a grant whose %s does not fit is refused, not capped', (_name, bend, message) => {
  const of = { ...grant, ...bend };
  expect(judge([approval('carol', { of })], { grant: bend })).toMatchObject(refused('DoesNotFitPolicy', message));
});

test('at most so many at a time', () => {
  expect(judge([approval('bob')], { facts: { active: 1 } }).verdict.admitted).toBe(true);
  expect(judge([approval('bob')], { facts: { active: 2 } })).toMatchObject(refused('DoesNotFitPolicy', 'has 2 grants'));
});

test.each<[string, Partial<Grant['window']>, [number, number] | undefined]>([
  ['starts at notBefore', { notBefore: mergedAt + hour }, [mergedAt + hour, mergedAt + 3 * hour]],
  ['merged after notBefore', { notBefore: mergedAt - hour }, [mergedAt, mergedAt + 2 * hour]],
  ['ends at notAfter', { notAfter: mergedAt + hour }, [mergedAt, mergedAt + hour]],
  ['notAfter is over', { notAfter: mergedAt }, undefined],
  ['no time at all', { duration: 0 }, undefined],
])('window: %s', (_name, window, expected) => {
  const of = { ...grant, window: { ...grant.window, ...window } };
  const found = judge([approval('bob', { of })], { grant: { window: of.window } });
  if (expected) expect([found.admitted?.start, found.admitted?.end]).toEqual(expected);
  else expect(found).toMatchObject(refused('DoesNotFitPolicy', 'after its notAfter'));
});
