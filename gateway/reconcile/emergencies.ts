/** Emergencies: documents that give a right by their subject's own signature, and the reviews they have to have afterwards. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { StepEvidence } from '../../core/admission/evidence.ts';
import {
  breakGlassNamespace,
  breakGlassPayload,
  type EmergencyFacts,
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
  /** Its policy. */
  readonly policy: AccessPolicy | undefined;
  /** Every Identity of its subject. */
  readonly humans: ReadonlySet<string>;
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
    return { document, policy: undefined, humans: new Set(), verdict, admitted: undefined };
  }
  const repo = { repoId: trustRoot.repoId, branch: trustRoot.branch };
  const humans = sameHuman(rules, document.subject);
  const payload = breakGlassPayload(rules, document, repo);
  const judged = judgeBreakGlass(rules, document, {
    repo,
    now,
    maxSkew: trustRoot.maxSkew,
    commit,
    signedBy: await verifySsh(payload, document.signature, breakGlassNamespace, keysAt(rules, now)),
    ...standing(state, document, humans, now),
  });
  return { document, policy: rules.policies.get(document.policy), humans, ...judged };
}

/** What the state says to an emergency. */
function standing(
  state: GatewayState,
  { uid, subject, policy }: BreakGlass,
  humans: ReadonlySet<string>,
  now: number,
): Pick<EmergencyFacts, 'uidUsed' | 'since' | 'active' | 'overdue' | 'revokedBy'> {
  return {
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
  };
}

/**
 * The state with an emergency when it was admitted; the same when not, or when the state has come to say otherwise since
 * it was judged.
 */
export function withEmergency(state: GatewayState, judged: JudgedEmergency): GatewayState {
  const { admitted, document, policy, humans, verdict } = judged;
  if (!admitted || !document) return state;
  const { uidUsed, since, active, overdue, revokedBy } = standing(state, document, humans, admitted.admittedAt);
  const tooMany = active >= (policy?.limits.maxActive ?? Number.POSITIVE_INFINITY);
  if (uidUsed || tooMany || overdue !== undefined || revokedBy !== undefined || document.signedAt <= (since ?? 0))
    return state;
  const { uid, name, subject, admittedAt } = admitted;
  const terms = policy?.breakGlass;
  const emergency: Emergency = {
    name,
    subject,
    policy: document.policy,
    content: contentOf(document),
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

/** SHA-256 (hex) over all that a document says, but where it stands: what is reviewed has to be what was admitted. */
export function contentOf({ at: _at, labels: _labels, ...document }: BreakGlass): string {
  const text = canonicalize(JSON.parse(JSON.stringify(document))) ?? '';
  return createHash('sha256').update(text).digest('hex');
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
  if (!waiting || waiting.reviewed !== undefined) return undefined;
  if (waiting.content !== contentOf(document)) {
    const { uid, name } = document;
    const message = `the document is not the one that was admitted as '${waiting.name}'`;
    const none = { digest: '', approvals: [], discounted: [] };
    return {
      kind: 'grant',
      uid,
      name,
      commit: evidence.commit,
      admitted: false,
      refusal: 'UidReused',
      message,
      ...none,
    };
  }
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
