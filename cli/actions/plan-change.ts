import { join } from 'node:path';
import type { Problem } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { LocalRepo } from '../../core/git/local-repo.ts';
import { loadPolicySet } from '../../core/load/load-policy-set.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import { emptyPolicySet } from '../../core/plan/empty-policy-set.ts';
import { unacknowledged } from '../../core/plan/limits.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { planOf } from '../../core/plan/plan-of.ts';
import { readFolder } from '../../core/source/folder.ts';
import { isPolicyFile } from '../../core/source/policy-tree.ts';
import { RevisionLoader } from '../../core/source/revision.ts';

export interface PlanQuestion {
  /** Folder of the policy repo. */
  readonly dir: string;
  /** undefined = where the head left the followed branch. */
  readonly base: string | undefined;
  /** undefined = the files as they are in the folder. */
  readonly head: string | undefined;
  /** The branch the gateway follows. */
  readonly branch: string;
}

export interface PlanResult {
  /** Commit ids; undefined = the files in the folder. */
  readonly base: string;
  readonly head: string | undefined;
  /** What is wrong with a side that does not validate; there is no plan then. */
  readonly problems: readonly { readonly side: 'base' | 'head'; readonly problem: Problem }[];
  readonly plan: Plan | undefined;
  /** A limit is tripped and `sluice.yaml` does not say that this is meant. */
  readonly unacknowledged: boolean;
  /** The two sides, to tell groups and streams by their names. */
  readonly before: PolicySet | undefined;
  readonly after: PolicySet | undefined;
  /** Folder as it was given, before paths. */
  readonly dir: string;
}

/** What the change from one revision of a policy repo to another, or to the files in its folder, widens and narrows. */
export async function planChange(question: PlanQuestion, onProgress?: OnProgress): Promise<PlanResult> {
  const files = question.head === undefined ? await readFolder(question.dir) : undefined;
  await using repo = await LocalRepo.open(question.dir);
  const headCommit = await repo.resolve(question.head ?? 'HEAD');
  const base =
    question.base === undefined ? await parting(repo, headCommit, question) : await repo.resolve(question.base);
  const loader = new RevisionLoader(repo);
  onProgress?.('reading the base', 0, 1);
  const left = await baseSet(repo, loader, base);
  onProgress?.('reading the head', 0, 1);
  const right = files ? loadPolicySet(files, onProgress) : await loader.whole(headCommit);
  const errors = (['base', 'head'] as const).flatMap((side) =>
    (side === 'base' ? left : right).problems
      .filter(({ severity }) => severity === 'error')
      .map((problem) => ({
        side,
        problem: { ...problem, at: { ...problem.at, file: join(question.dir, problem.at.file) } },
      })),
  );
  onProgress?.('comparing', 0, 1);
  const [before, after] = [left.policySet, right.policySet];
  const plan = before && after && planOf(before, after);
  return {
    base,
    head: files ? undefined : headCommit,
    problems: errors,
    plan,
    unacknowledged: plan !== undefined && after !== undefined && unacknowledged(plan, after.repo),
    before,
    after,
    dir: question.dir,
  };
}

/** The error that a change is whose plan goes beyond a limit and is not acknowledged; none when it has no plan. */
export function unacknowledgedProblem({ plan, unacknowledged: open, after, dir }: PlanResult): Problem | undefined {
  if (!plan || !open || !after) return undefined;
  return {
    rule: 'plan/unacknowledged',
    severity: 'error',
    message: `the change goes beyond a safety limit: ${plan.limits.map(({ message }) => message).join('; ')}`,
    fix: `look at sluice plan; if it is meant, add ${plan.digest} to spec.acknowledge`,
    at: { ...after.repo.at, file: join(dir, after.repo.at.file) },
  };
}

/** A revision from before the first policy says nothing; one whose policies are broken says nothing that can be compared. */
export async function baseSet(
  repo: Pick<LocalRepo, 'tree'>,
  loader: RevisionLoader,
  commit: string,
): Promise<{ readonly policySet: PolicySet | undefined; readonly problems: readonly Problem[] }> {
  const tree = await repo.tree(commit);
  return tree.some(({ path }) => isPolicyFile(path))
    ? loader.whole(commit)
    : { policySet: emptyPolicySet, problems: [] };
}

async function parting(repo: LocalRepo, head: string, { branch }: PlanQuestion): Promise<string> {
  for (const ref of [`refs/remotes/origin/${branch}`, `refs/heads/${branch}`]) {
    const tip = await repo.find(ref);
    const base = tip === undefined ? undefined : await repo.mergeBase(head, tip);
    if (base !== undefined) return base;
  }
  throw new InputError('BadUsage', 'which revision is the base?', {
    why: `there is no branch '${branch}' here that shares history with the head`,
    fix: 'give --base, or --branch with the branch the gateway follows; a shallow clone has to be fetched whole',
  });
}
