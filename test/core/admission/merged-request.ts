/** One merged request in memory: rules, the grant, and evidence that admits it until a test bends a part of it. */
import { grantDigest } from '../../../core/admission/approval-digest.ts';
import type { ApprovalStatement, SeenApproval, StepEvidence } from '../../../core/admission/evidence.ts';
import { type GrantFacts, type GrantJudgement, judgeGrant } from '../../../core/admission/judge-grant.ts';
import type { Grant, PolicySet } from '../../../core/model/documents.ts';
import { policySetOf } from '../../support/policy-set.ts';

export type Documents = Parameters<typeof policySetOf>[0];

export const minute = 60_000;
export const hour = 60 * minute;
export const mergedAt = Date.UTC(2026, 10, 24, 9);
export const parent = 'b'.repeat(40);
export const repo = { repoId: '1'.repeat(40), branch: 'main' } as const;

const person = (name: string, more = ''): [string, string, string] => [
  'Identity',
  name,
  `{person: {oidc: [{issuer: "https://idp.example", subject: ${name}}], emails: [${name}@example.com]${more}}}`,
];

export const documents: Documents = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Cluster', 'spare', '{type: kafka}'],
  ['Stream', 'payments', '{cluster: main, topics: [{literal: payments}]}'],
  ['Stream', 'refunds', '{cluster: main, topics: [{literal: refunds}], minimumApproval: auditors}'],
  person('alice', ', aliases: [alice-admin]'),
  person('alice-admin'),
  person('alice-old', ', aliases: [alice-admin]'),
  person('bob'),
  person('bob-too', ', aliases: [bob]'),
  person('carol'),
  person('dave'),
  person('mallory'),
  ['Group', 'developers', '{members: [alice, mallory]}'],
  ['Group', 'leads', '{members: [alice, alice-admin, alice-old, bob, bob-too, carol]}'],
  ['Group', 'security', '{members: [carol, dave]}'],
  ['ApproverRule', 'lead', '{require: {all: [{from: leads, count: 1}]}, maxAge: PT24H}'],
  ['ApproverRule', 'auditors', '{require: {any: [{from: security, count: 1}]}, maxAge: PT1H}'],
  [
    'AccessPolicy',
    'debug',
    '{effect: allow, mode: onRequest, subjects: [{group: developers}], streams: [payments, refunds], operations: [consume], approval: lead, limits: {maxDuration: PT4H, maxActive: 2}}',
  ],
  ['MaskPolicy', 'pii', '{streams: [payments], rules: [{name: card, detector: card, action: partial}]}'],
];

/** The documents, with some replaced (by kind and name), added, or taken out (spec undefined). */
export function changed(...changes: readonly (readonly [string, string, string | undefined])[]): PolicySet {
  const kept = documents.filter(([kind, name]) => !changes.some(([k, n]) => k === kind && n === name));
  return policySetOf([
    ...kept,
    ...changes.flatMap(([kind, name, spec]) => (spec === undefined ? [] : [[kind, name, spec] as const])),
  ]);
}

export const rules = policySetOf(documents);

export const grant: Grant = {
  kind: 'Grant',
  name: 'g1',
  labels: {},
  at: { file: 'grants/g1.yaml', line: 3, column: 18 },
  uid: 'a'.repeat(32),
  requestedBy: 'alice',
  subject: 'alice',
  policy: 'debug',
  streams: ['payments'],
  topics: undefined,
  groups: undefined,
  transactionalIds: undefined,
  operations: ['consume'],
  window: { duration: 2 * hour, start: 'merge', notBefore: undefined, notAfter: undefined },
  reason: 'INC-1',
  ticket: undefined,
};

export interface Bend {
  readonly rules?: PolicySet;
  readonly grant?: Partial<Grant>;
  readonly evidence?: Partial<StepEvidence>;
  readonly facts?: Partial<GrantFacts>;
}

/** What a person signs about the grant as it stands in `under`; `bend` changes the statement or what is known of it. */
export function approval(
  by: string,
  bend: Partial<ApprovalStatement> & { of?: Grant; under?: PolicySet; base?: PolicySet | undefined } = {},
): SeenApproval {
  const { of = grant, under = rules, base = under, ...statement } = bend;
  const { digest, parts } = grantDigest(under, of, repo);
  return {
    by,
    owner: undefined,
    withdrawn: undefined,
    base: 'base' in bend ? bend.base : base,
    statement: {
      version: 1,
      ...repo,
      kind: 'grant',
      uid: of.uid,
      digest,
      parts,
      verdict: 'approve',
      baseCommit: parent,
      signedAt: mergedAt - 10 * minute,
      expiresAt: mergedAt + 24 * hour,
      ...statement,
    },
  };
}

export function judge(approvals: readonly SeenApproval[], bend: Bend = {}): GrantJudgement {
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
  const facts: GrantFacts = {
    repo,
    now: evidence.mergedAt + 1000,
    maxSkew: minute,
    uidUsed: false,
    since: undefined,
    soleGateway: false,
    active: 0,
    lastMergedAt: 0,
    ...bend.facts,
  };
  return judgeGrant(bend.rules ?? rules, { ...grant, ...bend.grant }, evidence, facts);
}
