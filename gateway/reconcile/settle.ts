import { keptEvidence } from '../../core/admission/kept-evidence.ts';
import type { PolicyVerdict } from '../../core/model/verdict.ts';
import type { AdmittedEntry, GatewayState } from '../state/state-store.ts';
import { withEmergency, withReviews } from './emergencies.ts';
import type { StepJudgement } from './judge-step.ts';
import { lift } from './narrowing.ts';

const keptRefusals = 200;
/** ms. */
const evidenceFor = 30 * 86_400_000;

/**
 * The state after a step. `same`: the rules at it are those that are admitted already. While a refused change stands in
 * the branch, no other change of the rules is let in, since its tree would carry the refused one along.
 */
export function settle(
  state: GatewayState,
  commit: string,
  judged: StepJudgement,
  same: boolean,
  now: number,
): GatewayState {
  const rules = state.admittedCommit;
  const { evidence } = judged;
  const basis = (uid: string) => (evidence ? { rules, evidence: keptEvidence(evidence, uid) } : {});
  const admitted = judged.grants.flatMap(({ verdict, admitted: grant }) =>
    grant ? [[grant.uid, { grant, verdict, ...basis(grant.uid) }] as const] : [],
  );
  const refused = [
    ...judged.grants.map(({ verdict }) => ({ ...verdict, rules })),
    ...judged.emergencies.map(({ verdict }) => verdict),
  ].filter((verdict) => !verdict.admitted);
  const { policy } = judged;
  const swapped = policy?.admitted === true && state.frozen === undefined;
  const refusals = [...state.refusals, ...refused, ...(policy && !policy.admitted ? [policy] : [])];
  const settled: GatewayState = {
    ...state,
    judgedCommit: commit,
    admittedCommit: swapped ? commit : state.admittedCommit,
    frozen: same || swapped ? undefined : (state.frozen ?? frozenBy(policy)),
    grants:
      admitted.length > 0
        ? { ...withoutOldEvidence(state.grants, now), ...Object.fromEntries(admitted) }
        : state.grants,
    refusals: refusals.slice(-keptRefusals),
    tombstones: policy?.admitted ? lift(state.tombstones, judged.lifts, now) : state.tombstones,
    lastMergedAt:
      admitted.length > 0 || policy?.admitted ? Math.max(state.lastMergedAt, judged.mergedAt) : state.lastMergedAt,
    policyMerges: policy?.admitted ? { ...state.policyMerges, [policy.digest]: judged.mergedAt } : state.policyMerges,
  };
  return withReviews(judged.emergencies.reduce(withEmergency, settled), judged.reviews, now);
}

/** Evidence is kept as long as somebody may ask about it: a month from the grant's end. The verdict stays. */
function withoutOldEvidence(grants: GatewayState['grants'], now: number): GatewayState['grants'] {
  const isOld = ({ grant, evidence }: AdmittedEntry): boolean =>
    evidence !== undefined && grant.end < now - evidenceFor;
  if (!Object.values(grants).some(isOld)) return grants;
  const entries = Object.entries(grants).map(([uid, entry]) => {
    if (!isOld(entry)) return [uid, entry] as const;
    const { evidence: _old, ...rest } = entry;
    return [uid, rest] as const;
  });
  return Object.fromEntries(entries);
}

/** The state with verdicts of refusal; the newest are kept. */
export function withRefusals(state: GatewayState, refused: GatewayState['refusals']): GatewayState {
  return { ...state, refusals: [...state.refusals, ...refused].slice(-keptRefusals) };
}

/** While a refused change is in the branch no other one is let in, however well it was signed: its tree carries both. */
export function withheld(judged: StepJudgement, refused: string): StepJudgement {
  const { policy } = judged;
  if (!policy?.admitted) return judged;
  const message = `${policy.message}, but commit ${refused.slice(0, 12)}, which was refused, was not taken back yet`;
  return { ...judged, policy: { ...policy, admitted: false, refusal: 'UnreviewedCommit', message } };
}

function frozenBy(policy: PolicyVerdict | undefined): GatewayState['frozen'] {
  return policy && { commit: policy.commit, refusal: policy.refusal ?? 'UnreviewedCommit', message: policy.message };
}
