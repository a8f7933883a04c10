import type { Problem } from '../errors/problem.ts';
import { SourceError } from '../errors/sluice-error.ts';
import type { BareClone } from '../git/bare-clone.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';
import { isPolicyFile, unsafePath } from './policy-tree.ts';

/** Every file of a policy repo at a commit, sorted by path; none, and a problem, where the tree cannot be read safely. */
export async function filesAt(
  objects: Pick<BareClone, 'tree' | 'blob'>,
  commit: string,
): Promise<{ readonly files: readonly SourceFile[]; readonly problems: readonly Problem[] }> {
  const entries = await objects.tree(commit);
  const unsafe = unsafePath(entries);
  if (unsafe) {
    const { path, why } = unsafe;
    const message = path === '' ? why : `'${path.slice(0, 200)}' cannot be read safely: ${why}`;
    const at = { file: path, line: 1, column: 1 };
    return {
      files: [],
      problems: [{ rule: 'schema/unsafe-path', severity: 'error', message, fix: 'remove it from the repo', at }],
    };
  }
  const files: SourceFile[] = [];
  for (const { path, id } of entries) {
    if (isPolicyFile(path)) files.push({ path, bytes: await capped(objects, id) });
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), problems: [] };
}

/** A file over the cap comes as blank bytes that are over it too: the loader then says which one it is. */
async function capped(objects: Pick<BareClone, 'blob'>, id: string): Promise<Uint8Array> {
  try {
    return await objects.blob(id, sourceLimits.fileBytes);
  } catch (error) {
    if (error instanceof SourceError && error.code === 'RepoUnsafe') return Buffer.alloc(sourceLimits.fileBytes + 1);
    throw error;
  }
}
