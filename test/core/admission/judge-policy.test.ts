import { expect, test } from 'vitest';
import { type ContentChange, policyDigest } from '../../../core/admission/approval-digest.ts';
import type { ApprovalStatement, SeenApproval, StepEvidence } from '../../../core/admission/evidence.ts';
import { judgePolicy, type PolicyFacts } from '../../../core/admission/judge-policy.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import { hour, mergedAt, minute, parent, repo, rules } from './merged-request.ts';

const blob = (digit: string) => ({ mode: '100644', id: digit.repeat(40) });
const changes: readonly ContentChange[] = [
  { path: 'policies/b.yaml', before: blob('1'), after: blob('2') },
  { path: 'policies/a.yaml', before: undefined, after: blob('3') },
];

function signed(
  owner: string,
  bend: Partial<ApprovalStatement> & { of?: typeof changes; by?: string } = {},
): SeenApproval {
  const { of = changes, by, ...statement } = bend;
  return {
    by,
    owner,
    withdrawn: undefined,
    base: rules,
    statement: {
      version: 1,
      ...repo,
      kind: 'policy',
      uid: '',
      digest: policyDigest(of, repo).digest,
      parts: {},
      verdict: 'approve',
      baseCommit: parent,
      signedAt: mergedAt - minute,
      expiresAt: mergedAt + hour,
      ...statement,
    },
  };
}

function judge(
  approvals: readonly SeenApproval[],
  bend: { evidence?: Partial<StepEvidence>; facts?: Partial<PolicyFacts>; threshold?: number; rules?: PolicySet } = {},
) {
  const evidence: StepEvidence = {
    commit: 'c'.repeat(40),
    parent,
    flaw: undefined,
    requestSigners: ['alice'],
    contributors: [],
    claimedEmails: [],
    mergedAt,
    mergedBy: 'bob',
    approvals,
    ...bend.evidence,
  };
  return judgePolicy(bend.rules ?? rules, changes, evidence, {
    trustRoot: {
      ...repo,
      genesis: { commit: repo.repoId, tree: '' },
      owners: [],
      threshold: bend.threshold ?? 1,
      issuers: [],
      maxSkew: minute,
      maxStaleness: 0,
      peers: [],
      maxStaleDeny: 0,
    },
    now: mergedAt + 1000,
    loads: true,
    problem: '',
    since: undefined,
    lastMergedAt: 0,
    usedUp: () => undefined,
    ...bend.facts,
  });
}

test('as many owners as the threshold says signed exactly this change', () => {
  expect(judge([signed('olga')])).toMatchObject({ admitted: true, approvals: [{ by: 'olga' }] });
  expect(judge([signed('olga')], { threshold: 2 })).toMatchObject({ admitted: false, refusal: 'UnreviewedCommit' });
  expect(judge([signed('olga'), signed('otto')], { threshold: 2 })).toMatchObject({ admitted: true });
  expect(judge([signed('olga'), signed('olga')], { threshold: 2 })).toMatchObject({ admitted: false });
  expect(judge([])).toMatchObject({ admitted: false, refusal: 'UnreviewedCommit' });
});

test('the quorum of the repo raises the threshold and never lowers it', () => {
  const quorum = (n: number): PolicySet => ({ ...rules, repo: { ...rules.repo, quorum: n } });
  expect(judge([signed('olga')], { rules: quorum(2) })).toMatchObject({
    admitted: false,
    message: expect.stringContaining('1 of 2 owners'),
  });
  expect(judge([signed('olga')], { rules: quorum(1), threshold: 2 })).toMatchObject({ admitted: false });
});

test.each<[string, readonly ContentChange[]]>([
  ['another blob', [changes[0]!, { ...changes[1]!, after: blob('4') }]],
  ['from another blob', [{ ...changes[0]!, before: blob('4') }, changes[1]!]],
  ['another path', [changes[0]!, { ...changes[1]!, path: 'policies/c.yaml' }]],
  ['another mode', [changes[0]!, { ...changes[1]!, after: { ...blob('3'), mode: '100755' } }]],
  ['one file less', [changes[0]!]],
  ['a deletion', [changes[0]!, { ...changes[1]!, before: blob('3'), after: undefined }]],
])('an approval of %s does not count', (_name, of) => {
  expect(judge([signed('olga', { of })])).toMatchObject({ admitted: false, refusal: 'UnreviewedCommit' });
});

test('the order of the changes does not matter', () => {
  expect(policyDigest([...changes].reverse(), repo)).toEqual(policyDigest(changes, repo));
});

test.each<[string, SeenApproval, Partial<StepEvidence>]>([
  ['by name', signed('alice'), {}],
  ['by the key, when the trust root has another name for it', signed('root', { by: 'alice' }), {}],
  ['by an alias', signed('root', { by: 'alice-admin' }), {}],
  ['by claimed e-mail', signed('bob', { by: 'bob' }), { claimedEmails: ['bob@example.com'] }],
])('an owner does not approve their own change: %s', (_name, seen, evidence) => {
  expect(judge([seen], { evidence })).toMatchObject({ admitted: false, refusal: 'UnreviewedCommit', discounted: [{}] });
});

test("a rejection of one owner stands, an author's too, and so does the way back", () => {
  expect(judge([signed('olga'), signed('otto', { verdict: 'reject' })])).toMatchObject({ refusal: 'Vetoed' });
  const authors = { claimedEmails: ['bob@example.com'] };
  expect(judge([signed('olga'), signed('bob', { verdict: 'reject' })], { evidence: authors })).toMatchObject({
    refusal: 'Vetoed',
  });
  expect(judge([signed('olga', { verdict: 'reject', signedAt: mergedAt - hour }), signed('olga')])).toMatchObject({
    admitted: true,
  });
});

test('an approval lets a change in once: after it was taken back it has to be approved anew', () => {
  const used = {
    usedUp: (digest: string) => (digest === policyDigest(changes, repo).digest ? mergedAt - hour : undefined),
  };
  expect(judge([signed('olga', { signedAt: mergedAt - 2 * hour })], { facts: used })).toMatchObject({
    admitted: false,
    discounted: [{ by: 'olga', why: expect.stringContaining('once already') }],
  });
  expect(judge([signed('olga')], { facts: used })).toMatchObject({ admitted: true });
});

test.each<[string, Parameters<typeof judge>[1], string]>([
  ['does not load', { facts: { loads: false, problem: 'no such group' } }, 'InvalidDocuments'],
  ['was pushed directly', { evidence: { flaw: { refusal: 'DirectPush', message: 'x' } } }, 'DirectPush'],
  ['is dated ahead', { facts: { now: mergedAt - minute - 1 } }, 'MergeTimeOutOfRange'],
  ['is dated before what it stands on', { facts: { lastMergedAt: mergedAt + minute + 1 } }, 'MergeTimeOutOfRange'],
])('a change that %s is refused however well it is signed', (_name, bend, refusal) => {
  expect(judge([signed('olga')], bend)).toMatchObject({ admitted: false, refusal });
});

test.each<[string, Partial<ApprovalStatement>]>([
  ['another repo', { repoId: '2'.repeat(40) }],
  ['another branch', { branch: 'next' }],
  ['a grant', { kind: 'grant', uid: 'a'.repeat(32) }],
  ['a time long past', { signedAt: mergedAt - 8 * 24 * hour }],
  ['a time that is over', { expiresAt: mergedAt - 1 }],
  ['a time after the merge', { signedAt: mergedAt + 1 }],
])('an approval for %s does not count', (_name, bend) => {
  expect(judge([signed('olga', bend)])).toMatchObject({ admitted: false, discounted: [{ by: 'olga' }] });
});

test('people who are no owners do not count', () => {
  expect(judge([{ ...signed('x', { by: 'bob' }), owner: undefined }])).toMatchObject({ admitted: false });
});
