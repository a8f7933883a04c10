import type { ContentDigest } from '../../admission/approval-digest.ts';
import type { SeenApproval } from '../../admission/evidence.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import type { Step } from '../evidence-source.ts';
import { isOnBranch } from '../on-branch.ts';
import type { Review } from './forge-api.ts';

/** ms for which a review can count; approver rules ask for less. */
const longest = 7 * 86_400_000;

/** What a commit asks for beside another one. */
export type AskedAt = (
  base: string,
  commit: string,
) => Promise<readonly { readonly kind: 'grant' | 'policy'; readonly uid: string; readonly content: ContentDigest }[]>;

interface ReviewSources {
  readonly clone: BareClone;
  readonly trustRoot: Pick<TrustRoot, 'repoId' | 'branch'>;
  readonly rulesAt: (commit: string) => Promise<PolicySet | undefined>;
  readonly askedAt: AskedAt;
}

/**
 * A review put as statements, one about each thing that the step asks for. An approval is about the content of the
 * commit that was looked at, under the rules that this commit stands on; a rejection is about whatever the request
 * became, since nobody took it back.
 */
export async function reviewedAs(
  sources: ReviewSources,
  step: Step,
  asked: Awaited<ReturnType<AskedAt>>,
  review: Review,
  who: Pick<SeenApproval, 'by' | 'owner'>,
): Promise<readonly SeenApproval[]> {
  const { verdict } = review;
  if (verdict === 'comment') return [];
  const { repoId, branch } = sources.trustRoot;
  const looked = verdict === 'approve' ? await lookedAt(sources, step, review.commit) : undefined;
  return asked.map(({ kind, uid, content }) => {
    const found = looked?.asked.find((one) => one.kind === kind && one.uid === uid)?.content;
    const about = verdict === 'reject' ? content : (found ?? { digest: '', parts: {} });
    return {
      ...who,
      withdrawn: withdrawal(review),
      statement: {
        version: 1,
        repoId,
        branch,
        kind,
        uid,
        digest: about.digest,
        parts: about.parts,
        verdict,
        baseCommit: looked?.base ?? '',
        signedAt: review.at,
        expiresAt: review.at + longest,
      },
      base: looked?.rules,
    };
  });
}

/** Digest of the one thing that a commit asks for beside the branch; undefined when it asks for more, or is not to be had. */
export async function askedFor(
  { clone, askedAt }: Pick<ReviewSources, 'clone' | 'askedAt'>,
  tip: string,
  commit: string,
): Promise<string | undefined> {
  if (!/^[0-9a-f]{40,64}$/.test(commit) || !(await clone.has(commit))) return undefined;
  const base = await clone.mergeBase(tip, commit);
  const asked = base === undefined ? [] : await askedAt(base, commit);
  return asked.length === 1 ? asked[0]!.content.digest : undefined;
}

/** undefined when the commit is not to be had any more, or parted from the branch elsewhere than on it. */
async function lookedAt(
  { clone, rulesAt, askedAt }: ReviewSources,
  step: Step,
  commit: string,
): Promise<
  | { readonly base: string; readonly rules: PolicySet | undefined; readonly asked: Awaited<ReturnType<AskedAt>> }
  | undefined
> {
  if (!/^[0-9a-f]{40,64}$/.test(commit) || !(await clone.has(commit))) return undefined;
  const base = await clone.mergeBase(step.parent, commit);
  if (base === undefined || !(await isOnBranch(clone, base, step.parent))) return undefined;
  return { base, rules: await rulesAt(base), asked: await askedAt(base, commit) };
}

/** A rejection stands whatever was pushed since, and whether the forge counts it or not. */
function withdrawal({ verdict, author, dismissed, official, stale }: Review): string | undefined {
  if (!author) return 'the account was deleted';
  if (author.bot) return 'it is of a bot';
  if (dismissed) return 'it was dismissed';
  if (verdict === 'reject') return undefined;
  if (!official) return 'the forge does not count reviews of this account';
  return stale ? 'there was a push after it' : undefined;
}
