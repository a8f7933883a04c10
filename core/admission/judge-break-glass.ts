import canonicalize from 'canonicalize';
import { formatIsoDuration } from '../clock/duration.ts';
import { formatInstant } from '../clock/instant.ts';
import type { BreakGlass, PolicySet } from '../model/documents.ts';
import type { GrantVerdict, Refusal } from '../model/verdict.ts';
import { breakGlassAsGrant, breakGlassMisfits } from '../policy/fits-break-glass.ts';
import { freezeGrant } from '../policy/freeze-grant.ts';
import { breakGlassDigest, type RepoIdentity } from './approval-digest.ts';
import type { StepEvidence } from './evidence.ts';
import type { GrantJudgement } from './judge-grant.ts';
import { mergeTimeProblem } from './merge-time.ts';
import { requiredApprovals } from './required-approvals.ts';

/** Namespace of the subject's SSH signature (PROTOCOL.sshsig). */
export const breakGlassNamespace = 'sluice-breakglass-v1';

/** ms for which a signature can be used: one that was kept for another day is worth nothing. */
export const signatureLifetime = 3_600_000;

/** What the gateway knows besides rules and document. */
export interface EmergencyFacts {
  readonly repo: RepoIdentity;
  /** Epoch ms. */
  readonly now: number;
  readonly maxSkew: number;
  /** Identity whose key, of those that count now, made the signature over `breakGlassPayload`. */
  readonly signedBy: string | undefined;
  /** Epoch ms of the baseline: signatures until then are over. */
  readonly since: number | undefined;
  /** uid was admitted before, as a grant or an emergency. */
  readonly uidUsed: boolean;
  /** Grants and emergencies of the same subject under the same policy that have not ended. */
  readonly active: number;
  /** Name of an emergency of the subject, or of the same human, whose review is overdue. */
  readonly overdue: string | undefined;
  /** Name of a Revocation of the subject, or of the same human, that is in force. */
  readonly revokedBy: string | undefined;
  /** Where it was seen. */
  readonly commit: string;
}

/** The bytes that the subject signs: canonical JSON (RFC 8785) that names the repo and all that the emergency comes to. */
export function breakGlassPayload(rules: PolicySet, emergency: BreakGlass, repo: RepoIdentity): Uint8Array {
  const { digest } = breakGlassDigest(rules, emergency, repo);
  const text = canonicalize({ version: 1, kind: 'breakGlass', ...repo, uid: emergency.uid, digest }) ?? '';
  return new TextEncoder().encode(text);
}

/**
 * Judges one emergency under the rules that are admitted now. It needs nobody's approval: the subject's own signature,
 * made lately, over exactly this; within its policy's terms; no revocation of the subject, and no review that is overdue. It starts when it is
 * admitted, lifts no mask, and a uid is admitted once.
 */
export function judgeBreakGlass(rules: PolicySet, emergency: BreakGlass, facts: EmergencyFacts): GrantJudgement {
  const { uid, name, subject, duration, signedAt } = emergency;
  const { now, maxSkew, commit } = facts;
  const { digest } = breakGlassDigest(rules, emergency, facts.repo);
  const base = { kind: 'grant', uid, name, commit, digest, approvals: [], discounted: [] } as const;
  const refuse = (refusal: Refusal, message: string): GrantJudgement => ({
    verdict: { ...base, admitted: false, refusal, message },
    admitted: undefined,
  });
  if (facts.uidUsed) return refuse('UidReused', `uid ${uid} was used before; an emergency is admitted once, ever`);
  const misfits = breakGlassMisfits(rules, emergency);
  if (misfits.length > 0) return refuse('DoesNotFitPolicy', misfits.map(({ message }) => message).join('; '));
  const policy = rules.policies.get(emergency.policy)!;
  const { maxActive } = policy.limits;
  if (maxActive !== undefined && facts.active >= maxActive) {
    const message = `${subject} has ${facts.active} grants under '${policy.name}', which allows ${maxActive}`;
    return refuse('DoesNotFitPolicy', message);
  }
  if (facts.signedBy !== subject) {
    const who = facts.signedBy === undefined ? 'no key that counts here' : facts.signedBy;
    return refuse('UnsignedRequest', `it is for ${subject}, and ${who} signed what it comes to under these rules`);
  }
  if (signedAt > now + maxSkew || now > signedAt + signatureLifetime || signedAt <= (facts.since ?? 0)) {
    const message = `it was signed at ${formatInstant(signedAt)}; a signature holds for ${formatIsoDuration(signatureLifetime)}`;
    return refuse('ApprovalExpired', message);
  }
  if (facts.revokedBy !== undefined)
    return refuse('SubjectRevoked', `revocation '${facts.revokedBy}' is in force; ask for access with a Grant`);
  if (facts.overdue !== undefined)
    return refuse('ReviewOverdue', `emergency '${facts.overdue}' was not reviewed in time; have its request merged`);
  const admission = { start: now, end: now + duration, admittedAt: now, approvedBy: [], commit };
  const frozen = freezeGrant(rules, { ...emergency, requestedBy: subject }, admission);
  const message = `emergency of ${subject}, for ${formatIsoDuration(duration)} from ${formatInstant(now)}, approved by nobody`;
  return {
    verdict: { ...base, admitted: true, refusal: undefined, message },
    admitted: { ...frozen, unmask: [], emergency: true },
  };
}

/**
 * Whether a merged request that brings, or takes away, the document of an emergency is its review: it has the approvals
 * that a Grant of the same content would have needed, none of them of the subject.
 */
export function judgeReview(
  rules: PolicySet,
  emergency: BreakGlass,
  evidence: StepEvidence,
  facts: Pick<EmergencyFacts, 'repo' | 'now' | 'maxSkew' | 'since'> & { readonly lastMergedAt: number },
): GrantVerdict {
  const content = breakGlassDigest(rules, emergency, facts.repo);
  const { uid, name } = emergency;
  const base = { kind: 'grant', uid, name, commit: evidence.commit, digest: content.digest } as const;
  const none = { approvals: [], discounted: [] };
  const outOfRange = mergeTimeProblem(evidence.mergedAt, facts);
  if (evidence.flaw) return { ...base, ...none, admitted: false, ...evidence.flaw };
  if (outOfRange !== undefined)
    return { ...base, ...none, admitted: false, refusal: 'MergeTimeOutOfRange', message: outOfRange };
  const wanted = { repo: facts.repo, kind: 'grant', uid, content } as const;
  const { missing, ...seen } = requiredApprovals(rules, breakGlassAsGrant(emergency), evidence, wanted, facts.since);
  if (missing) return { ...base, ...seen, admitted: false, ...missing };
  const message = `reviewed by ${seen.approvals.map(({ by }) => by).join(', ')}`;
  return { ...base, ...seen, admitted: true, refusal: undefined, message };
}
