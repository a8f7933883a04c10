import type { BareClone, TreeChange } from '../../git/bare-clone.ts';
import { readCommit } from '../read-commit.ts';
import type { Pull } from './forge-api.ts';

const mostRequestCommits = 200;

type Objects = Pick<BareClone, 'changes' | 'commit' | 'between' | 'mergeBase' | 'fetchPull' | 'has'>;

/**
 * How many of the commits right before `commit`, none of which has a pull request of its own, came with it: a rebase
 * merge of n commits puts n on the branch, and the forge names only the last. They belong together when they change
 * together exactly what the request changes; a squash does so alone. A rebase that had nothing to rewrite leaves the
 * request's own commits. Anything else stands for itself, and its
 * content decides.
 */
export async function rebasedBefore(
  clone: Objects,
  pull: Pull,
  commit: string,
  loose: readonly string[],
): Promise<number> {
  const parents = (await readCommit(clone, commit))?.parents ?? [];
  const [parent = ''] = parents;
  if (loose.length === 0 || parents.length !== 1) return 0;
  await clone.fetchPull(pull.number);
  const { commit: head } = pull.head;
  if (!(await clone.has(head))) return 0;
  // Where nothing had to be rewritten, the request's own commits are on the branch, and only the forge knows from where.
  const forward = head === commit;
  const base = forward ? pull.merged?.from : await clone.mergeBase(parent, head);
  if (base === undefined || !(await clone.has(base))) return 0;
  const count = (await clone.between(base, head, mostRequestCommits + 1)).length;
  if (count < 2 || count > mostRequestCommits || count - 1 > loose.length) return 0;
  const asked = await clone.changes(base, head);
  if (!forward && same(asked, await clone.changes(parent, commit))) return 0;
  const first = await readCommit(clone, loose[loose.length - count + 1]!);
  if (first?.parents.length !== 1 || (forward && first.parents[0] !== base)) return 0;
  return same(asked, await clone.changes(first.parents[0]!, commit)) ? count - 1 : 0;
}

function same(a: readonly TreeChange[], b: readonly TreeChange[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ path, after }, i) => path === b[i]!.path && after?.id === b[i]!.after?.id && after?.mode === b[i]!.after?.mode,
    )
  );
}
