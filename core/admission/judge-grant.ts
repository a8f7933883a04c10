import { formatIsoDuration } from '../clock/duration.ts';
import { formatInstant } from '../clock/instant.ts';
import type { Grant, PolicySet } from '../model/documents.ts';
import type { AdmittedGrant } from '../model/right.ts';
import type { GrantVerdict, Refusal } from '../model/verdict.ts';
import { fits } from '../policy/fits.ts';
import { freezeGrant } from '../policy/freeze-grant.ts';
import { grantDigest, type RepoIdentity } from './approval-digest.ts';
import type { StepEvidence } from './evidence.ts';
import { mergeTimeProblem } from './merge-time.ts';
import { requiredApprovals } from './required-approvals.ts';

/** What the gateway knows besides rules and evidence. */
export interface GrantFacts {
  readonly repo: RepoIdentity;
  /** Epoch ms. */
  readonly now: number;
  readonly maxSkew: number;
  /** uid was admitted before, or its grant was deleted. */
  readonly uidUsed: boolean;
  /** Grants of the same subject under the same policy that had not ended when this one was merged. */
  readonly active: number;
  /** Epoch ms of the latest merge that was admitted before this one; 0 when there is none. */
  readonly lastMergedAt: number;
  /** This gateway is the only one, so that a grant can start at its first use. */
  readonly soleGateway: boolean;
  /** Epoch ms of the baseline: approvals until then are over. */
  readonly since: number | undefined;
}

export interface GrantJudgement {
  readonly verdict: GrantVerdict;
  /** There when admitted. */
  readonly admitted: AdmittedGrant | undefined;
}

/** Judges one Grant that a step adds, under the rules before the step. Pure: the same input gives the same verdict anywhere. */
export function judgeGrant(rules: PolicySet, grant: Grant, evidence: StepEvidence, facts: GrantFacts): GrantJudgement {
  const content = grantDigest(rules, grant, facts.repo);
  const base = {
    kind: 'grant',
    uid: grant.uid,
    name: grant.name,
    commit: evidence.commit,
    digest: content.digest,
  } as const;
  const refuse = (refusal: Refusal, message: string, rest: Partial<GrantVerdict> = {}): GrantJudgement => ({
    verdict: { ...base, admitted: false, refusal, message, approvals: [], discounted: [], ...rest },
    admitted: undefined,
  });
  if (facts.uidUsed) return refuse('UidReused', `uid ${grant.uid} was used before; a grant is admitted once, ever`);
  if (evidence.flaw) return refuse(evidence.flaw.refusal, evidence.flaw.message);
  const misfit = fits(rules, grant);
  if (misfit.length > 0) return refuse('DoesNotFitPolicy', misfit.map(({ message }) => message).join('; '));
  const policy = rules.policies.get(grant.policy)!;
  const { window } = grant;
  if (window.start === 'firstUse' && !facts.soleGateway) {
    const message = 'it starts at its first use, which this gateway cannot tell: it may not be the only one';
    return refuse('FirstUseUnknown', `${message} (spec.soleGateway of gateway.yaml)`);
  }
  const { maxActive } = policy.limits;
  if (maxActive !== undefined && facts.active >= maxActive) {
    return refuse(
      'DoesNotFitPolicy',
      `${grant.subject} has ${facts.active} grants under '${policy.name}', which allows ${maxActive}`,
    );
  }
  const outOfRange = mergeTimeProblem(evidence.mergedAt, facts);
  if (outOfRange !== undefined) return refuse('MergeTimeOutOfRange', outOfRange);
  const { requestSigners } = evidence;
  if (requestSigners.length === 0 || !requestSigners.every((signer) => signer === grant.requestedBy)) {
    return refuse(
      'UnsignedRequest',
      `the request names ${grant.requestedBy} but commits of it are signed by ${requestSigners.join(', ') || 'nobody'}`,
    );
  }
  const wanted = { repo: facts.repo, kind: 'grant', uid: grant.uid, content } as const;
  const counted = requiredApprovals(rules, grant, evidence, wanted, facts.since);
  const { missing, approvals } = counted;
  const seen = { approvals, discounted: counted.discounted };
  if (missing) return refuse(missing.refusal, missing.message, seen);
  const from = Math.max(evidence.mergedAt, window.notBefore ?? 0);
  const latest = window.notAfter ?? Number.POSITIVE_INFINITY;
  const waits = window.start === 'firstUse';
  const [start, end] = waits ? [latest, latest] : [from, Math.min(from + window.duration, latest)];
  if (end <= from) return refuse('DoesNotFitPolicy', 'it was merged after its notAfter', seen);
  const approvedBy = approvals.map(({ by }) => by);
  const admission = { start, end, admittedAt: facts.now, approvedBy, commit: evidence.commit };
  const frozen = freezeGrant(rules, grant, admission);
  const admitted = waits ? { ...frozen, firstUse: { from, duration: window.duration } } : frozen;
  const when = waits
    ? `${formatIsoDuration(window.duration)} from the first login until ${formatInstant(latest)}`
    : `${formatIsoDuration(end - start)} from ${formatInstant(start)}`;
  const message = `admitted for ${when}, approved by ${approvedBy.join(', ')}`;
  return { verdict: { ...base, admitted: true, refusal: undefined, message, ...seen }, admitted };
}
