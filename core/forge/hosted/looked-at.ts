import type { ContentDigest } from '../../admission/approval-digest.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { PolicySet } from '../../model/documents.ts';
import { isOnBranch } from '../on-branch.ts';

/** What a commit asks for beside another one. */
export type AskedAt = (
  base: string,
  commit: string,
) => Promise<readonly { readonly kind: 'grant' | 'policy'; readonly uid: string; readonly content: ContentDigest }[]>;

/** What somebody saw who looked at a commit of a request: what it asks for, and the rules that it stands on. */
export interface Sight {
  /** Where it left the branch. */
  readonly base: string;
  readonly rules: PolicySet | undefined;
  readonly asked: Awaited<ReturnType<AskedAt>>;
}

export interface LookedAtSources {
  readonly clone: Pick<BareClone, 'has' | 'mergeBase' | 'firstParents'>;
  readonly rulesAt: (commit: string) => Promise<PolicySet | undefined>;
  readonly askedAt: AskedAt;
}

/** Commits of one request beside the branch up to `tip`, each read once, however many reviews are about it. */
export class LookedAt {
  readonly #sources: LookedAtSources;
  readonly #tip: string;
  readonly #seen = new Map<string, Promise<Sight | undefined>>();

  constructor(sources: LookedAtSources, tip: string) {
    this.#sources = sources;
    this.#tip = tip;
  }

  /** undefined when the commit is not to be had any more, or parted from the branch elsewhere than on it. */
  at(commit: string): Promise<Sight | undefined> {
    let sight = this.#seen.get(commit);
    if (!sight) {
      sight = this.#look(commit);
      this.#seen.set(commit, sight);
    }
    return sight;
  }

  async #look(commit: string): Promise<Sight | undefined> {
    const { clone, rulesAt, askedAt } = this.#sources;
    if (!/^[0-9a-f]{40,64}$/.test(commit) || !(await clone.has(commit))) return undefined;
    const base = await clone.mergeBase(this.#tip, commit);
    if (base === undefined || !(await isOnBranch(clone, base, this.#tip))) return undefined;
    return { base, rules: await rulesAt(base), asked: await askedAt(base, commit) };
  }
}
