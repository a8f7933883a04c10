import type { StepEvidence } from '../../admission/evidence.ts';
import type { Commit } from '../../git/commit.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { EvidenceSource, Step } from '../evidence-source.ts';
import { readCommit } from '../read-commit.ts';
import { collectEvidence, type PlainSources } from './collect-evidence.ts';

/** Plain git: every commit of the first-parent chain is a step, and what proves something about it is in the commit. */
export class PlainEvidence implements EvidenceSource {
  readonly #sources: PlainSources;

  constructor(sources: PlainSources) {
    this.#sources = sources;
  }

  async steps(before: string, commits: readonly string[]): Promise<{ readonly steps: readonly Step[] }> {
    return { steps: commits.map((commit, i) => ({ commit, parent: commits[i - 1] ?? before })) };
  }

  async evidence(rules: PolicySet, step: Step): Promise<StepEvidence> {
    return collectEvidence(this.#sources, rules, await this.#commit(step));
  }

  /** A step that git takes and we do not read counts as one that nobody signed. */
  async #commit({ commit, parent }: Step): Promise<Commit> {
    const nobody = { name: '', email: '', when: 0 };
    const unread = { tree: '', signature: undefined, payload: Buffer.alloc(0), message: '' };
    const found = await readCommit(this.#sources.clone, commit);
    return found ?? { id: commit, parents: [parent], author: nobody, committer: nobody, ...unread };
  }
}
