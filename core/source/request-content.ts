import {
  breakGlassDigest,
  type ContentDigest,
  grantDigest,
  policyDigest,
  type RepoIdentity,
} from '../admission/approval-digest.ts';
import type { BareClone } from '../git/bare-clone.ts';
import { loadBreakGlass } from '../load/load-break-glass.ts';
import { isBreakGlassFile, isForOwners, isGrantFile, isMixedEmergency } from './policy-tree.ts';
import type { RevisionLoader } from './revision.ts';

/** Most files of grants/ and breakglass/ that one request asks about. Each costs a look at all rules. */
export const mostAsked = 50;

/** One thing that somebody is asked to approve. */
export interface AskedContent {
  readonly kind: 'grant' | 'policy';
  /** uid of the grant or emergency; empty for a policy change. */
  readonly uid: string;
  readonly content: ContentDigest;
}

/**
 * What `commit` asks for beside `base`, as its digests: each Grant it adds or changes, a BreakGlass that it brings or takes
 * away to have it reviewed, and the policy change as a whole. What does not load asks for nothing. An approval on a forge
 * is of all that a request holds, so a BreakGlass beside anything else does not ask: nobody reviews one unseen. Where more
 * than `mostAsked` are there, none asks, so that no approval counts for them: whoever may push must not make a gateway load
 * the rules thousands of times. The rules are those of `base`, so an approval of content that a later change of the rules
 * gives another meaning has another digest.
 */
export async function requestContent(
  from: { readonly clone: Pick<BareClone, 'changes'>; readonly loader: RevisionLoader; readonly repo: RepoIdentity },
  base: string,
  commit: string,
): Promise<readonly AskedContent[]> {
  const { clone, loader, repo } = from;
  const changes = await clone.changes(base, commit);
  const planes = changes.filter(isForOwners);
  const asked: AskedContent[] = [];
  if (planes.length > 0) asked.push({ kind: 'policy', uid: '', content: policyDigest(planes, repo) });
  const { policySet } = await loader.plane(base);
  if (!policySet) return asked;
  const files = changes.filter(
    ({ path, before, after }) => before?.id !== after?.id && (isBreakGlassFile(path) || (isGrantFile(path) && after)),
  );
  if (files.length > mostAsked) return asked;
  const mixed = isMixedEmergency(changes);
  for (const { path, after } of files) {
    if (isBreakGlassFile(path)) {
      if (mixed) continue;
      const file = await loader.file(after ? commit : base, path);
      const document = file && loadBreakGlass(file).document; // what was admitted may not fit any more
      if (!document) continue;
      asked.push({ kind: 'grant', uid: document.uid, content: breakGlassDigest(policySet, document, repo) });
    } else {
      const { grant } = await loader.grant(base, commit, path);
      if (grant) asked.push({ kind: 'grant', uid: grant.uid, content: grantDigest(policySet, grant, repo) });
    }
  }
  return asked;
}
