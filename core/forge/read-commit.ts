import { SourceError } from '../errors/sluice-error.ts';
import type { BareClone } from '../git/bare-clone.ts';
import type { Commit } from '../git/commit.ts';

/** undefined when it is not a commit as git writes them; anything else that fails may work later. */
export async function readCommit(clone: Pick<BareClone, 'commit'>, id: string): Promise<Commit | undefined> {
  try {
    return await clone.commit(id);
  } catch (error) {
    if (error instanceof SourceError && error.code === 'RepoUnsafe') return undefined;
    throw error;
  }
}
