import { SluiceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { Reverified } from '../../core/model/admin-api.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { AdmittedEntry, GatewayState } from '../state/state-store.ts';
import type { JudgedGrant } from './judge-grant-file.ts';
import { judgeKept, type KeptSources } from './judge-kept.ts';

/** Judges an admitted grant again on the evidence that was kept: does it come to the same, and to no less than is held? */
export async function verifyGrant(
  sources: KeptSources & { readonly clone: Pick<BareClone, 'has'> },
  { grant, verdict, evidence, rules }: AdmittedEntry,
  state: GatewayState,
): Promise<Reverified> {
  const unknown = (message: string): Reverified => ({ holds: undefined, message });
  if (!evidence || !rules) return unknown('nothing was kept that it could be judged on again');
  try {
    if (!(await sources.clone.has(evidence.commit)) || !(await sources.clone.has(rules)))
      return unknown('the commits that it was judged on are not here any more');
    const after = state.baseline && !state.baseline.uids.includes(grant.uid) ? state.baseline : undefined;
    const then = { ...state, grants: {}, deletedGrants: [], baseline: after, lastMergedAt: 0 };
    const now = Math.max(grant.admittedAt, evidence.mergedAt);
    const facts = { uid: grant.uid, kept: evidence, rulesCommit: rules, state: then, now, soleGateway: true };
    const found = await judgeKept(sources, facts);
    if (!found) return { holds: false, message: `its document is not at ${evidence.commit.slice(0, 12)}` };
    if (!found.admitted || seen(found.verdict) !== seen(verdict))
      return { holds: false, message: `judged again, it comes to something else: ${found.verdict.message}` };
    if (!isWithin(grant, found.admitted))
      return { holds: false, message: 'judged again, it comes to another right than the one that is held' };
    const message = `judged again on the evidence of then, under the rules of ${rules.slice(0, 12)}: the same`;
    return { holds: true, message };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return unknown([error.message, error.why].filter(Boolean).join(': '));
  }
}

function seen({ digest, approvals, discounted }: JudgedGrant['verdict']): string {
  return JSON.stringify([digest, approvals, discounted]);
}

/** The right that is held is the one that was frozen, or ends earlier. */
function isWithin(held: AdmittedGrant, frozen: AdmittedGrant): boolean {
  const from = frozen.firstUse ? frozen.firstUse.from : frozen.start;
  return rightOf(held) === rightOf(frozen) && held.end <= frozen.end && held.start >= Math.min(from, held.end);
}

function rightOf(grant: AdmittedGrant): string {
  const { uid, name, subject, requestedBy, policy, cluster, streams, operations } = grant;
  const { unmask, masksAtAdmission, bindings, approvedBy, commit } = grant;
  return JSON.stringify([
    ...[uid, name, subject, requestedBy, policy, cluster, streams, operations],
    ...[unmask, masksAtAdmission, bindings, approvedBy, commit],
  ]);
}
