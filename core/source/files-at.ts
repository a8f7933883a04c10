import type { Problem } from '../errors/problem.ts';
import { SourceError } from '../errors/sluice-error.ts';
import type { BareClone, TreeEntry } from '../git/bare-clone.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';
import { isPolicyFile, type UnsafePath, unsafePath } from './policy-tree.ts';

/** Every file of a policy repo at a commit, sorted by path; none, and a problem, where the tree cannot be read safely. */
export async function filesAt(
  objects: Pick<BareClone, 'tree' | 'blob'>,
  commit: string,
): Promise<{ readonly files: readonly SourceFile[]; readonly problems: readonly Problem[] }> {
  const entries = await objects.tree(commit);
  const unsafe = unsafePath(entries);
  if (unsafe) return { files: [], problems: [unsafeProblem(unsafe)] };
  const read = entries.filter(({ path }) => isPolicyFile(path)).map((entry) => fileOf(objects, entry));
  const files = await Promise.all(read);
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), problems: [] };
}

/** A file over the cap comes as blank bytes that are over it too: the loader then says which one it is. */
export async function fileOf(objects: Pick<BareClone, 'blob'>, { path, id }: TreeEntry): Promise<SourceFile> {
  try {
    return { path, bytes: await objects.blob(id, sourceLimits.fileBytes) };
  } catch (error) {
    if (error instanceof SourceError && error.code === 'RepoUnsafe')
      return { path, bytes: Buffer.alloc(sourceLimits.fileBytes + 1) };
    throw error;
  }
}

/** What is wrong with a tree that has such a path. */
export function unsafeProblem({ path, why }: UnsafePath): Problem {
  return {
    rule: 'schema/unsafe-path',
    severity: 'error',
    message: path === '' ? why : `'${path.slice(0, 200)}' cannot be read safely: ${why}`,
    fix: 'remove it from the repo',
    at: { file: path, line: 1, column: 1 },
  };
}
