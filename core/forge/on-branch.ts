import type { BareClone } from '../git/bare-clone.ts';

const mostStepsBack = 500;

/** On the first-parent chain up to `tip`: what a request brought along was never in force, whatever its rules say. */
export async function isOnBranch(
  clone: Pick<BareClone, 'firstParents'>,
  commit: string,
  tip: string,
): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return false;
  try {
    return (await clone.firstParents(tip, commit, mostStepsBack)) !== undefined;
  } catch {
    return false; // the object is not here, or long past: it is on no branch that we follow
  }
}
