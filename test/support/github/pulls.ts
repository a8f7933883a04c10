/** What happens to pull requests and branches, whoever asks for it. */
import { BugError } from '../../../core/errors/sluice-error.ts';
import { type MergeMethod, mergeBy } from './merges.ts';
import type { GhEvent } from './webhook-payloads.ts';
import type { GhAccount, GhActivity, GhPull, GhRepo, GhReview, World } from './world.ts';

const heads = 'refs/heads/';
const nothing = '0'.repeat(40);

export class Pulls {
  readonly #world: World;
  readonly #now: () => number;
  readonly #notify: (repo: GhRepo, said: GhEvent) => void;

  constructor(world: World, now: () => number, notify: (repo: GhRepo, said: GhEvent) => void) {
    this.#world = world;
    this.#now = now;
    this.#notify = notify;
  }

  /**
   * Sees what was pushed straight into the bare repos. `by` pushed it; without, whoever's e-mail the tip's committer
   * has, if anybody's.
   */
  async see(by?: GhAccount, type?: GhActivity['type']): Promise<void> {
    for (const repo of this.#world.repos.values()) {
      const now = await repo.git.refs(heads);
      for (const ref of new Set([...now.keys(), ...repo.branches.keys()])) {
        const [before, after] = [repo.branches.get(ref), now.get(ref)];
        if (before !== after) await this.#moved(repo, ref, before, after, by, type);
      }
      repo.branches = now;
    }
  }

  async open(
    repo: GhRepo,
    request: { by: GhAccount; title: string; body: string; headRepo: GhRepo; headRef: string; baseRef: string },
  ): Promise<GhPull | string> {
    const { by, title, body, headRepo, headRef, baseRef } = request;
    const head = await headRepo.git.tip(heads + headRef);
    const base = await repo.git.tip(heads + baseRef);
    if (!head) return 'Validation Failed: head';
    if (!base) return 'Validation Failed: base';
    if (headRepo !== repo) await repo.git.git('fetch', '-q', headRepo.git.path, head);
    if ((await repo.git.between(base, head)).length === 0) return `No commits between ${baseRef} and ${headRef}`;
    const same = (pull: GhPull): boolean =>
      pull.state === 'open' && pull.headRepo === headRepo.id && pull.headRef === headRef && pull.baseRef === baseRef;
    if ([...repo.pulls.values()].some(same)) return `A pull request already exists for ${headRef}.`;
    const at = this.#now();
    const pull: GhPull = {
      id: this.#world.nextId(),
      number: repo.pulls.size + 1,
      title,
      body,
      by: by.id,
      headRepo: headRepo.id,
      headRef,
      baseRef,
      headSha: head,
      baseSha: base,
      state: 'open',
      createdAt: at,
      updatedAt: at,
      closedAt: undefined,
      merged: undefined,
      reviews: [],
      events: [],
    };
    repo.pulls.set(pull.number, pull);
    await repo.git.point(`refs/pull/${pull.number}/head`, head);
    this.#notify(repo, { event: 'pull_request', action: 'opened', pull });
    return pull;
  }

  /** Points an open request to another branch. What was approved stays approved. */
  async retarget(repo: GhRepo, pull: GhPull, by: GhAccount, baseRef: string): Promise<void> {
    const base = await repo.git.tip(heads + baseRef);
    if (!base || pull.state !== 'open') throw new BugError(`#${pull.number} cannot be for ${baseRef}`);
    pull.baseRef = baseRef;
    pull.baseSha = base;
    pull.updatedAt = this.#now();
    pull.events.push({ id: this.#world.nextId(), event: 'base_ref_changed', by: by.id, at: this.#now() });
  }

  review(repo: GhRepo, pull: GhPull, said: Pick<GhReview, 'body' | 'state' | 'commit'> & { by: GhAccount }): GhReview {
    const review: GhReview = { ...said, id: this.#world.nextId(), by: said.by.id, at: this.#now() };
    pull.reviews.push(review);
    if (review.state !== 'PENDING')
      this.#notify(repo, { event: 'pull_request_review', action: 'submitted', pull, review });
    return review;
  }

  dismiss(repo: GhRepo, pull: GhPull, review: GhReview): void {
    review.state = 'DISMISSED';
    this.#notify(repo, { event: 'pull_request_review', action: 'dismissed', pull, review });
  }

  /** Approvals that the branch's rules count: the last word of each, whatever commit it was about. */
  approvals(repo: GhRepo, pull: GhPull): number {
    const last = new Map<number, GhReview['state']>();
    for (const { by, state } of pull.reviews) if (state !== 'COMMENTED' && state !== 'PENDING') last.set(by, state);
    return [...last].filter(([by, state]) => state === 'APPROVED' && this.#world.mayWrite(repo, by)).length;
  }

  async merge(repo: GhRepo, pull: GhPull, by: GhAccount, method: MergeMethod, title: string): Promise<string> {
    const ref = heads + pull.baseRef;
    const base = (await repo.git.tip(ref))!;
    const made = await mergeBy(method, repo.git, { base, head: pull.headSha, by, title, at: this.#now() });
    await repo.git.point(ref, made.at(-1)!);
    await this.see(by, 'pr_merge');
    this.#merged(repo, pull, by, base, made);
    return made.at(-1)!;
  }

  /** All are merged one onto the other on a branch of the queue, to which the base branch is then moved at once. */
  async mergeByQueue(repo: GhRepo, pulls: readonly GhPull[], by: GhAccount): Promise<readonly string[]> {
    const ref = heads + pulls[0]!.baseRef;
    const commits: string[] = [];
    let tip = (await repo.git.tip(ref))!;
    const bases: string[] = [];
    for (const pull of pulls) {
      bases.push(tip);
      const title = `Merge pull request #${pull.number} from ${pull.headRef}`;
      const [made] = await mergeBy('merge', repo.git, { base: tip, head: pull.headSha, by, title, at: this.#now() });
      commits.push(made!);
      tip = made!;
    }
    const group = `${heads}gh-readonly-queue/${pulls[0]!.baseRef}/pr-${pulls.at(-1)!.number}-${bases[0]}`;
    await repo.git.point(group, tip);
    await repo.git.point(ref, tip);
    await this.see(by, 'merge_queue_merge');
    await repo.git.point(group, undefined);
    await this.see(by);
    for (const [index, pull] of pulls.entries()) this.#merged(repo, pull, by, bases[index]!, [commits[index]!]);
    return commits;
  }

  close(repo: GhRepo, pull: GhPull): void {
    Object.assign(pull, { state: 'closed', closedAt: this.#now(), updatedAt: this.#now() });
    this.#notify(repo, { event: 'pull_request', action: 'closed', pull });
  }

  #merged(repo: GhRepo, pull: GhPull, by: GhAccount, base: string, landed: readonly string[]): void {
    pull.baseSha = base;
    pull.merged = { at: this.#now(), by: by.id, commit: landed.at(-1)!, landed };
    this.close(repo, pull);
  }

  async #moved(
    repo: GhRepo,
    ref: string,
    before: string | undefined,
    after: string | undefined,
    by: GhAccount | undefined,
    type: GhActivity['type'] | undefined,
  ): Promise<void> {
    const who = by ?? (after ? this.#world.byEmail((await repo.git.facts(after)).committer.email) : undefined);
    const forced = before && after && !(await repo.git.isAncestor(before, after));
    const kind = !after ? 'branch_deletion' : !before ? 'branch_creation' : forced ? 'force_push' : 'push';
    repo.activity.push({
      id: this.#world.nextId(),
      before: before ?? nothing,
      after: after ?? nothing,
      ref,
      at: this.#now(),
      type: type && after ? type : kind,
      by: who?.id,
    });
    this.#notify(repo, {
      event: 'push',
      ref,
      before: before ?? nothing,
      after: after ?? nothing,
      forced: forced === true,
    });
    if (after) await this.#pushed(repo, ref, after);
  }

  /** Open pull requests of the branch get its new commits; what was said about the old ones stays as it is. */
  async #pushed(from: GhRepo, ref: string, after: string): Promise<void> {
    for (const repo of this.#world.repos.values()) {
      for (const pull of repo.pulls.values()) {
        if (pull.state !== 'open' || pull.headRepo !== from.id || heads + pull.headRef !== ref) continue;
        if (repo !== from) await repo.git.git('fetch', '-q', from.git.path, after);
        const { headSha: before } = pull;
        Object.assign(pull, { headSha: after, updatedAt: this.#now() });
        await repo.git.point(`refs/pull/${pull.number}/head`, after);
        this.#notify(repo, { event: 'pull_request', action: 'synchronize', pull, before });
      }
    }
  }
}

/** For lookups of a test that must succeed. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new BugError(`the emulated GitHub has no ${what}`);
  return value;
}
