/** One grant judged on evidence that was kept, here or by a peer. */

import type { StepEvidence } from '../../core/admission/evidence.ts';
import { type KeptEvidence, keptEvidence, revivedEvidence } from '../../core/admission/kept-evidence.ts';
import { isOnBranch } from '../../core/forge/on-branch.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import { isForOwners, isGrantFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';
import { type JudgedGrant, judgeGrantFile, mostGrants } from './judge-grant-file.ts';

/** Commits that approvers looked at whose rules are read; what was said on further ones does not count. */
const mostBases = 20;

export interface KeptSources {
  readonly clone: Pick<BareClone, 'firstParents' | 'changes'>;
  readonly loader: RevisionLoader;
  readonly trustRoot: TrustRoot;
  /** The rules at a commit that was admitted. */
  readonly rules: (commit: string) => Promise<PolicySet>;
}

export interface KeptCase {
  readonly uid: string;
  readonly kept: KeptEvidence;
  /** Commit of the rules that were in force before the step. */
  readonly rulesCommit: string;
  readonly state: GatewayState;
  /** Epoch ms. */
  readonly now: number;
  readonly soleGateway: boolean;
}

/**
 * Judges it. `beside` may add what is seen now, or give undefined when that does not fit. undefined when the step does not
 * bring the grant alone with other grants, or is none of the branch.
 */
export async function judgeKept(
  { clone, loader, trustRoot, rules }: KeptSources,
  { uid, kept, rulesCommit, state, now, soleGateway }: KeptCase,
  beside?: (evidence: StepEvidence, rules: PolicySet) => Promise<StepEvidence | undefined>,
): Promise<(JudgedGrant & { readonly basis: KeptEvidence }) | undefined> {
  const { commit, parent } = kept;
  if (commit === parent || !(await isOnBranch(clone, parent, commit))) return undefined;
  const changes = await clone.changes(parent, commit);
  const added = changes.filter(({ path, before, after }) => isGrantFile(path) && after && before?.id !== after.id);
  if (changes.some(isForOwners) || added.length > mostGrants) return undefined;
  const before = await rules(rulesCommit);
  const bases = new Map<string, Promise<PolicySet | undefined>>();
  const rulesAt = (base: string): Promise<PolicySet | undefined> => {
    const found = bases.get(base) ?? (bases.size < mostBases ? rulesOn(base) : Promise.resolve(undefined));
    bases.set(base, found);
    return found;
  };
  const rulesOn = async (base: string) =>
    (await isOnBranch(clone, base, parent)) ? (await loader.plane(base)).policySet : undefined;
  const revived = await revivedEvidence(kept, rulesAt);
  const evidence = beside ? await beside(revived, before) : revived;
  if (!evidence) return undefined;
  for (const { path } of added) {
    const { grant } = await loader.grant(rulesCommit, commit, path);
    if (grant?.uid !== uid) continue;
    const file = { loader, rules: before, rulesCommit, commit, path, trustRoot, soleGateway, state, now };
    return { ...(await judgeGrantFile(file, evidence)), basis: keptEvidence(evidence, uid) };
  }
  return undefined;
}
