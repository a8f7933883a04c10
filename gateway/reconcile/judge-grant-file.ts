/** One Grant file of a step, judged under the rules before it. */
import type { StepEvidence } from '../../core/admission/evidence.ts';
import { judgeGrant } from '../../core/admission/judge-grant.ts';
import type { Grant, PolicySet } from '../../core/model/documents.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict, Refusal } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';
import { isOver, isUsed } from './ended.ts';

/** Of a step. A request asks for one grant; each that is more costs a reading of all rules. */
export const mostGrants = 50;

export interface JudgedGrant {
  readonly verdict: GrantVerdict;
  /** There when admitted. */
  readonly admitted: AdmittedGrant | undefined;
}

/** A Grant file, what it is judged under, and what is known besides. */
export interface GrantFile {
  readonly loader: RevisionLoader;
  readonly rules: PolicySet;
  readonly rulesCommit: string;
  readonly commit: string;
  readonly path: string;
  readonly trustRoot: TrustRoot;
  readonly soleGateway: boolean;
  readonly state: GatewayState;
  /** Epoch ms. */
  readonly now: number;
}

export async function judgeGrantFile(from: GrantFile, evidence: StepEvidence): Promise<JudgedGrant> {
  const { loader, rules, rulesCommit, commit, path, trustRoot, soleGateway, state, now } = from;
  const { grant, problems } = await loader.grant(rulesCommit, commit, path);
  if (!grant) {
    const first = problems[0];
    const fits = !first?.rule.startsWith('grant/');
    return refusedGrant(
      loader,
      rulesCommit,
      commit,
      path,
      fits ? 'InvalidDocuments' : 'DoesNotFitPolicy',
      first?.message ?? 'it does not load',
    );
  }
  const active = Object.values(state.grants).filter(
    ({ grant: other }) =>
      other.subject === grant.subject &&
      other.policy === grant.policy &&
      evidence.mergedAt < other.end &&
      !isOver(state, other),
  );
  return judgeGrant(rules, grant, evidence, {
    repo: { repoId: trustRoot.repoId, branch: trustRoot.branch },
    now,
    maxSkew: trustRoot.maxSkew,
    uidUsed: isUsed(state, grant.uid),
    since: state.baseline?.at,
    soleGateway,
    active: active.length,
    lastMergedAt: state.lastMergedAt,
  });
}

/** Refused for what is not the grant's own fault, by its uid where it loads. */
export async function refusedGrant(
  loader: RevisionLoader,
  rulesCommit: string,
  commit: string,
  path: string,
  refusal: Refusal,
  message: string,
): Promise<JudgedGrant> {
  const { grant } = await loader.grant(rulesCommit, commit, path);
  return refused(commit, path, refusal, message, grant);
}

/** A document that gives nothing, by what is known of it: all of a Grant, or its path alone. */
export function refused(commit: string, path: string, refusal: Refusal, message: string, grant?: Grant): JudgedGrant {
  const none = { digest: '', approvals: [], discounted: [] };
  const { uid, name } = grant ?? { uid: '', name: documentName(path) };
  return {
    verdict: { kind: 'grant', uid, name, commit, admitted: false, refusal, message, ...none },
    admitted: undefined,
  };
}

/** Grants and Revocations have files of their own, called as they are. */
export function documentName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
}
