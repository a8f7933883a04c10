import type { StepEvidence } from '../admission/evidence.ts';
import type { PolicySet } from '../model/documents.ts';

/**
 * A move of the branch that is judged as one: the tree difference from `parent` to `commit`. A rebase merge puts
 * several commits on the branch that are one step.
 */
export interface Step {
  readonly commit: string;
  /** The commit of the branch before the step. */
  readonly parent: string;
}

/**
 * The gateway's side of a forge: which new commits of the branch are one step, and what is proved about each. Judges
 * nothing.
 */
export interface EvidenceSource {
  /**
   * Steps of new commits of the first-parent chain (oldest first, `before` is the one they stand on). `undecided` is
   * there when the forge does not know yet what became of the rest: ask again soon.
   */
  steps(
    before: string,
    commits: readonly string[],
  ): Promise<{ readonly steps: readonly Step[]; readonly undecided?: string }>;
  /** Evidence about a step; `rules` are those before it. */
  evidence(rules: PolicySet, step: Step): Promise<StepEvidence>;
}
