import type { SeenApproval } from '../../admission/evidence.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import type { Review } from './forge-api.ts';
import type { LookedAt, Sight } from './looked-at.ts';

/** `elsewhere`: the request was for another branch when it was said. */
type SaidThere = Review & { readonly elsewhere: boolean };

/** ms for which a review can count; approver rules ask for less. */
const longest = 7 * 86_400_000;

/**
 * A review put as statements, one about each thing that the step asks for. An approval is about the content of the
 * commit that was looked at, under the rules that this commit stands on; a rejection is about whatever the request
 * became, since nobody took it back.
 */
export async function reviewedAs(
  { repoId, branch }: Pick<TrustRoot, 'repoId' | 'branch'>,
  asked: Sight['asked'],
  review: SaidThere,
  who: Pick<SeenApproval, 'by' | 'owner'>,
  looked: Pick<LookedAt, 'at'>,
): Promise<readonly SeenApproval[]> {
  const { verdict } = review;
  if (verdict === 'comment') return [];
  const sight = verdict === 'approve' ? await looked.at(review.commit) : undefined;
  return asked.map(({ kind, uid, content }) => {
    const found = sight?.asked.find((one) => one.kind === kind && one.uid === uid)?.content;
    const { digest, parts } = verdict === 'reject' ? content : (found ?? { digest: '', parts: {} });
    return {
      ...who,
      withdrawn: withdrawal(review),
      statement: {
        version: 1,
        repoId,
        branch,
        kind,
        uid,
        digest,
        parts,
        verdict,
        baseCommit: sight?.base ?? '',
        signedAt: review.at,
        expiresAt: review.at + longest,
      },
      base: sight?.rules,
    };
  });
}

/** A rejection stands whatever was pushed since, and whether the forge counts it or not. */
function withdrawal({ verdict, author, dismissed, official, stale, elsewhere }: SaidThere): string | undefined {
  if (!author) return 'the account was deleted';
  if (author.bot) return 'it is of a bot';
  if (dismissed) return 'it was dismissed';
  if (verdict === 'reject') return undefined;
  if (elsewhere) return 'the request was for another branch then';
  if (!official) return 'the forge does not count reviews of this account';
  return stale ? 'there was a push after it' : undefined;
}
