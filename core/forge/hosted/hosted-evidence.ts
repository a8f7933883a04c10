import type { SeenApproval, StepEvidence } from '../../admission/evidence.ts';
import type { Clock } from '../../clock/clock.ts';
import { SourceError } from '../../errors/sluice-error.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import { claimedEmails } from '../claimed-emails.ts';
import type { EvidenceSource, Step } from '../evidence-source.ts';
import { flawed } from '../flawed.ts';
import { readCommit } from '../read-commit.ts';
import { identityOf, ownerOf } from './accounts.ts';
import type { ForgeApi, MergedPull } from './forge-api.ts';
import { rebasedBefore } from './group-steps.ts';
import { type AskedAt, LookedAt } from './looked-at.ts';
import { reviewedAs } from './reviewed-as.ts';

const mostRequestCommits = 200;
/** A forge moves the branch before it says who did: ms for which it may not know yet. */
const settling = 10_000;

export interface HostedSources {
  readonly api: ForgeApi;
  readonly clone: BareClone;
  readonly clock: Clock;
  readonly trustRoot: Pick<TrustRoot, 'repoId' | 'branch' | 'owners' | 'maxSkew'>;
  readonly rulesAt: (commit: string) => Promise<PolicySet | undefined>;
  readonly askedAt: AskedAt;
}

/**
 * What a hosted forge proves about steps: the one merged pull request whose merge commit it is, and its reviews, each
 * put as a statement about the content of the commit that was looked at. That the forge merged it proves nothing: it
 * was seen to merge a push that came after the approval.
 */
export class HostedEvidence implements EvidenceSource {
  readonly #sources: HostedSources;
  #pulls = new Map<string, MergedPull | undefined>();
  /** Commits whose pull request is too large to be read, with what it has too much of. */
  #unread = new Map<string, string>();
  /** Epoch ms at which commits were first seen without a pull request. */
  #loose = new Map<string, number>();

  constructor(sources: HostedSources) {
    this.#sources = sources;
  }

  async steps(before: string, commits: readonly string[]): ReturnType<EvidenceSource['steps']> {
    this.#pulls = new Map();
    this.#unread = new Map();
    if (commits.length === 0) return { steps: [] };
    await this.#checkForge();
    const { clone, clock } = this.#sources;
    const now = clock.now();
    const parentOf = new Map(commits.map((commit, i) => [commit, commits[i - 1] ?? before]));
    const loose: string[] = [];
    const steps: Step[] = [];
    const alone = (commit: string): Step => ({ commit, parent: parentOf.get(commit)! });
    for (const commit of commits) {
      const merged = await this.#mergedAs(commit);
      if (!merged) {
        loose.push(commit);
        continue;
      }
      const along = await rebasedBefore(clone, merged.pull, commit, loose);
      const first = along === 0 ? commit : loose[loose.length - along]!;
      steps.push(...loose.slice(0, loose.length - along).map(alone), { commit, parent: parentOf.get(first)! });
      loose.length = 0;
    }
    steps.push(...loose.map(alone));
    return this.#settled(steps, now);
  }

  async evidence(rules: PolicySet, step: Step): Promise<StepEvidence> {
    const { api, clone, trustRoot } = this.#sources;
    const short = step.commit.slice(0, 12);
    const merged = await this.#mergedAs(step.commit);
    const unread = this.#unread.get(step.commit);
    if (unread !== undefined) return flawed(step, 'NotAMerge', unread);
    if (!merged) return flawed(step, 'DirectPush', `commit ${short} was pushed to the branch without a pull request`);
    const { pull, contributors } = merged;
    if (
      pull.merged?.commit !== step.commit ||
      pull.base.branch !== trustRoot.branch ||
      String(pull.base.repoId) !== trustRoot.repoId
    )
      return flawed(step, 'NotAMerge', `pull request ${pull.number} was merged into another branch or repo`);
    const author = identityOf(rules, api.host, pull.author) ?? ownerOf(trustRoot, pull.author);
    if (author === undefined) {
      const who = pull.author ? `the account ${pull.author.id} on ${api.host}` : 'an account that is deleted';
      return flawed(step, 'UnsignedRequest', `pull request ${pull.number} is of ${who}, which is of no Identity`);
    }
    await clone.fetchPull(pull.number);
    const head = pull.head.commit;
    if (!(await clone.has(head)))
      return flawed(step, 'NotAMerge', `the commits of pull request ${pull.number} are not to be had`);
    const ids = await clone.between(step.parent, head, mostRequestCommits + 1);
    if (ids.length > mostRequestCommits)
      return flawed(step, 'NotAMerge', `the request has more than ${mostRequestCommits} commits`);
    const emails = new Set<string>();
    for (const id of ids) {
      const commit = await readCommit(clone, id);
      if (!commit) return flawed(step, 'NotAMerge', `commit ${id.slice(0, 12)} of the request is not a plain commit`);
      for (const email of claimedEmails(commit)) emails.add(email);
    }
    const hands = contributors.map((account) => identityOf(rules, api.host, account) ?? ownerOf(trustRoot, account));
    return {
      commit: step.commit,
      parent: step.parent,
      flaw: undefined,
      requestSigners: [author],
      contributors: [...new Set(hands.filter((name) => name !== undefined))].sort(),
      claimedEmails: [...emails].sort(),
      mergedAt: pull.merged.at,
      mergedBy: identityOf(rules, api.host, pull.merged.by) ?? pull.merged.by?.login ?? '',
      approvals: await this.#approvals(rules, step, merged),
    };
  }

  async #approvals(
    rules: PolicySet,
    step: Step,
    { reviews, retargetedAt = Number.NEGATIVE_INFINITY }: MergedPull,
  ): Promise<readonly SeenApproval[]> {
    const { api, trustRoot } = this.#sources;
    const asked = await this.#sources.askedAt(step.parent, step.commit);
    const looked = new LookedAt(this.#sources, step.parent);
    const seen: SeenApproval[] = [];
    for (const review of reviews) {
      const by = identityOf(rules, api.host, review.author);
      const owner = ownerOf(trustRoot, review.author);
      seen.push(
        ...(await reviewedAs(
          trustRoot,
          asked,
          { ...review, elsewhere: review.at <= retargetedAt },
          { by, owner },
          looked,
        )),
      );
    }
    return seen;
  }

  /** Steps up to the first one of which the forge may not have said all yet. */
  #settled(steps: readonly Step[], now: number): Awaited<ReturnType<EvidenceSource['steps']>> {
    const unknown = steps
      .map(({ commit }) => commit)
      .filter((commit) => !this.#pulls.get(commit) && !this.#unread.has(commit));
    this.#loose = new Map(unknown.map((commit) => [commit, this.#loose.get(commit) ?? now]));
    const open = steps.findIndex(({ commit }) => now - (this.#loose.get(commit) ?? now - settling) < settling);
    if (open < 0) return { steps };
    const short = steps[open]!.commit.slice(0, 12);
    return { steps: steps.slice(0, open), undecided: `the forge names no pull request for commit ${short} yet` };
  }

  async #mergedAs(commit: string): Promise<MergedPull | undefined> {
    if (this.#pulls.has(commit)) return this.#pulls.get(commit);
    try {
      this.#pulls.set(commit, await this.#sources.api.mergedAs(commit));
    } catch (error) {
      if (!(error instanceof SourceError && error.code === 'RequestTooLarge')) throw error;
      this.#pulls.set(commit, undefined);
      this.#unread.set(commit, `${error.message}: ${error.why ?? ''}`);
    }
    return this.#pulls.get(commit);
  }

  /** The repo is the one of the trust root, and the forge's clock one that times can be taken from. */
  async #checkForge(): Promise<void> {
    const { api, trustRoot } = this.#sources;
    const repo = await api.repo();
    if (String(repo.id) !== trustRoot.repoId) {
      throw new SourceError('ForgeFailed', 'the repo on the forge is another one than the trust root says', {
        why: `${repo.fullName} has the id ${repo.id}, and trustRoot.forge.repoId is ${trustRoot.repoId}`,
        fix: 'correct policyRepo and trustRoot.forge in gateway.yaml',
        at: api.host,
        retry: 'onChange',
      });
    }
    const { skew } = api;
    if (skew !== undefined && Math.abs(skew) <= trustRoot.maxSkew + 1000) return;
    throw new SourceError(
      'ForgeFailed',
      "the forge's clock is too far from the gateway's, so nothing new is admitted",
      {
        why:
          skew === undefined
            ? 'its answers carry no Date'
            : `it is ${Math.abs(Math.round(skew / 1000))} s ${skew > 0 ? 'ahead' : 'behind'}`,
        fix: 'see to the clock of this machine, or raise trustRoot.maxSkew',
        at: api.host,
        retry: 'later',
      },
    );
  }
}
