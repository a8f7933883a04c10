/** Emergencies: documents that give a right by their subject's own signature, and the reviews they have to have afterwards. */
import type { StepEvidence } from '../../core/admission/evidence.ts';
import {
  breakGlassNamespace,
  breakGlassPayload,
  judgeBreakGlass,
  judgeReview,
} from '../../core/admission/judge-break-glass.ts';
import type { GrantJudgement } from '../../core/admission/judge-grant.ts';
import { sameHuman } from '../../core/admission/same-human.ts';
import { keysAt } from '../../core/forge/plain/signers.ts';
import { verifySsh } from '../../core/git/ssh-signature.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { AccessPolicy, BreakGlass, PolicySet } from '../../core/model/documents.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Emergency, GatewayState } from '../state/state-store.ts';
import { isOver, isUsed } from './ended.ts';

export interface EmergencySources {
  readonly loader: Pick<RevisionLoader, 'emergency' | 'file'>;
  readonly trustRoot: Pick<TrustRoot, 'repoId' | 'branch' | 'maxSkew'>;
  /** The rules in force, and their commit. */
  readonly rules: PolicySet;
  readonly rulesCommit: string;
}

/** What a document of an emergency comes to. */
export interface JudgedEmergency extends GrantJudgement {
  /** There when it loads. */
  readonly document: BreakGlass | undefined;
  /** What its policy says of emergencies. */
  readonly terms: AccessPolicy['breakGlass'];
}

/** Judges a document that was seen at `commit`; admits nothing by itself. */
export async function judgeEmergency(
  { loader, trustRoot, rules, rulesCommit }: EmergencySources,
  file: SourceFile,
  commit: string,
  state: GatewayState,
  now: number,
): Promise<JudgedEmergency> {
  const { document, problems } = await loader.emergency(rulesCommit, file);
  if (!document) {
    const first = problems[0];
    const refusal = first?.rule.startsWith('break-glass/') ? 'DoesNotFitPolicy' : 'InvalidDocuments';
    const name = file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
    const message = first?.message ?? 'it does not load';
    const none = { uid: '', digest: '', approvals: [], discounted: [] };
    const verdict = { kind: 'grant', name, commit, admitted: false, refusal, message, ...none } as const;
    return { document, terms: undefined, verdict, admitted: undefined };
  }
  const repo = { repoId: trustRoot.repoId, branch: trustRoot.branch };
  const { subject, policy, signature, uid } = document;
  const humans = sameHuman(rules, subject);
  const payload = breakGlassPayload(rules, document, repo);
  const judged = judgeBreakGlass(rules, document, {
    repo,
    now,
    maxSkew: trustRoot.maxSkew,
    commit,
    signedBy: await verifySsh(payload, signature, breakGlassNamespace, keysAt(rules, now)),
    uidUsed: isUsed(state, uid),
    since: state.baseline?.at,
    active: Object.values(state.grants).filter(
      ({ grant }) => grant.subject === subject && grant.policy === policy && now < grant.end && !isOver(state, grant),
    ).length,
    overdue: Object.values(state.emergencies).find(
      (one) => humans.has(one.subject) && one.reviewed === undefined && now > one.reviewBy,
    )?.name,
    revokedBy: state.tombstones.find(
      ({ target, until }) => 'subject' in target && humans.has(target.subject) && (until === undefined || now < until),
    )?.name,
  });
  return { document, terms: rules.policies.get(policy)?.breakGlass, ...judged };
}

/** The state with an emergency when it was admitted; the same when not, or when its uid was taken meanwhile. */
export function withEmergency(state: GatewayState, { admitted, verdict, terms }: JudgedEmergency): GatewayState {
  if (!admitted || state.grants[admitted.uid] !== undefined) return state;
  const { uid, name, subject, policy, admittedAt } = admitted;
  const emergency: Emergency = {
    name,
    subject,
    policy,
    notify: terms?.notify ?? [],
    admittedAt,
    reviewBy: admittedAt + (terms?.reviewWithin ?? 0),
    reviewed: undefined,
  };
  return {
    ...state,
    grants: { ...state.grants, [uid]: { grant: admitted, verdict } },
    emergencies: { ...state.emergencies, [uid]: emergency },
  };
}

/** What a merged request says about an emergency that waits for its review; undefined when none of that uid does. */
export function reviewOf(
  { trustRoot, rules }: Pick<EmergencySources, 'trustRoot' | 'rules'>,
  document: BreakGlass,
  evidence: StepEvidence,
  state: GatewayState,
  now: number,
): GrantVerdict | undefined {
  const waiting = state.emergencies[document.uid];
  if (!waiting || waiting.reviewed !== undefined || waiting.subject !== document.subject) return undefined;
  return judgeReview(rules, document, evidence, {
    repo: { repoId: trustRoot.repoId, branch: trustRoot.branch },
    now,
    maxSkew: trustRoot.maxSkew,
    lastMergedAt: state.lastMergedAt,
    since: state.baseline?.at,
  });
}

/** The state with the reviews that count. */
export function withReviews(state: GatewayState, reviews: readonly GrantVerdict[], now: number): GatewayState {
  const counted = reviews.filter(({ admitted }) => admitted);
  if (counted.length === 0) return state;
  const emergencies = { ...state.emergencies };
  for (const { uid, commit, approvals } of counted) {
    const open = emergencies[uid];
    if (open) emergencies[uid] = { ...open, reviewed: { by: approvals.map(({ by }) => by), at: now, commit } };
  }
  return { ...state, emergencies };
}
