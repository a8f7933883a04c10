import type { PolicySet } from '../model/documents.ts';
import type { TrustRoot } from '../model/trust-root.ts';
import type { PolicyVerdict, Refusal } from '../model/verdict.ts';
import { type ContentChange, policyDigest } from './approval-digest.ts';
import { screenApprovals } from './count-approvals.ts';
import type { StepEvidence } from './evidence.ts';
import { exclusions } from './exclusions.ts';
import { mergeTimeProblem } from './merge-time.ts';

const longestAge = 7 * 86_400_000;

/** What the gateway knows besides rules and evidence. */
export interface PolicyFacts {
  readonly trustRoot: TrustRoot;
  /** Epoch ms. */
  readonly now: number;
  /** The documents after the step have no errors; else `problem` says one. */
  readonly loads: boolean;
  readonly problem: string;
  /** Epoch ms of the latest merge that was admitted before this one; 0 when there is none. */
  readonly lastMergedAt: number;
  /** Epoch ms of the baseline: approvals until then are over. */
  readonly since: number | undefined;
  /** Epoch ms at which a change was last admitted, by its digest: what was signed before then is used up. */
  readonly usedUp: (digest: string) => number | undefined;
}

/**
 * Judges a step that changes anything but grants and revocations: k owners of the trust root (more when the repo's
 * quorum says so) must have signed exactly these changes, none of them an author of the request.
 */
export function judgePolicy(
  rules: PolicySet,
  changes: readonly ContentChange[],
  evidence: StepEvidence,
  facts: PolicyFacts,
): PolicyVerdict {
  const { trustRoot } = facts;
  const repo = { repoId: trustRoot.repoId, branch: trustRoot.branch };
  const content = policyDigest(changes, repo);
  const base = { kind: 'policy', commit: evidence.commit, digest: content.digest } as const;
  const refuse = (refusal: Refusal, message: string, rest: Partial<PolicyVerdict> = {}): PolicyVerdict => ({
    ...base,
    admitted: false,
    refusal,
    message,
    approvals: [],
    discounted: [],
    ...rest,
  });
  if (!facts.loads) return refuse('InvalidDocuments', `the documents have problems: ${facts.problem}`);
  if (evidence.flaw) return refuse(evidence.flaw.refusal, evidence.flaw.message);
  const outOfRange = mergeTimeProblem(evidence.mergedAt, { ...facts, maxSkew: trustRoot.maxSkew });
  if (outOfRange !== undefined) return refuse('MergeTimeOutOfRange', outOfRange);
  const excluded = exclusions(rules, evidence, {});
  const wanted = { repo, kind: 'policy', uid: '', content } as const;
  const screened = screenApprovals(evidence, wanted, excluded, longestAge, (seen) => seen.owner, facts.since);
  const used = facts.usedUp(content.digest) ?? Number.NEGATIVE_INFINITY;
  const valid = screened.valid.filter(({ statement }) => statement.verdict === 'reject' || statement.signedAt > used);
  const discounted = [
    ...screened.discounted,
    ...screened.valid
      .filter((seen) => !valid.includes(seen))
      .map(({ name }) => ({
        by: name,
        why: 'it let the same change in once already',
        as: 'ApprovalReplayed' as const,
      })),
  ];
  const approvals = valid
    .filter(({ statement }) => statement.verdict === 'approve')
    .map(({ name, statement }) => ({ by: name, signedAt: statement.signedAt, digest: statement.digest }));
  const seen = { approvals, discounted: discounted.map(({ by, why }) => ({ by, why })) };
  const veto = valid.find(({ statement }) => statement.verdict === 'reject');
  if (veto) return refuse('Vetoed', `${veto.name} rejected it`, seen);
  const needed = Math.max(trustRoot.threshold, rules.repo.quorum);
  if (approvals.length < needed) {
    const notes = discounted.map(({ by, why }) => `${by}: ${why}`).join('; ');
    return refuse(
      'UnreviewedCommit',
      `${approvals.length} of ${needed} owners signed this change${notes ? ` (not counted: ${notes})` : ''}`,
      seen,
    );
  }
  return {
    ...base,
    admitted: true,
    refusal: undefined,
    message: `signed by ${approvals.map(({ by }) => by).join(', ')}`,
    ...seen,
  };
}
