/** Whether an approved change of the rules that widens much says so itself. */
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { PolicyVerdict } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import { revocationsAt } from '../../core/source/revocations-at.ts';
import type { LimitsJudge } from './limits-apart.ts';

interface Change {
  readonly before: PolicySet;
  readonly after: PolicySet;
  /** Commits that the revocations of each side are read at. */
  readonly parent: string;
  readonly commit: string;
}

/**
 * The verdict as it was, or a refusal when a safety limit is not acknowledged. It is asked for last, so that whoever
 * cannot get a change approved cannot make a gateway compare anything. Revocations are read as well: removing one gives
 * standing access back.
 */
export async function withAcknowledgement(
  verdict: PolicyVerdict,
  sources: { readonly clone: Pick<BareClone, 'tree'>; readonly loader: RevisionLoader; readonly limits: LimitsJudge },
  { before, after, parent, commit }: Change,
): Promise<PolicyVerdict> {
  if (!verdict.admitted) return verdict;
  const [old, now] = await Promise.all([revocationsAt(sources, parent), revocationsAt(sources, commit)]);
  const problem = await sources.limits({ ...before, revocations: old }, { ...after, revocations: now });
  if (problem === undefined) return verdict;
  return { ...verdict, admitted: false, refusal: 'Unacknowledged', message: problem };
}
