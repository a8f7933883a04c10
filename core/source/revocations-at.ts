import type { BareClone } from '../git/bare-clone.ts';
import type { Revocation } from '../model/documents.ts';
import { isRevocationFile } from './policy-tree.ts';
import type { RevisionLoader } from './revision.ts';

/**
 * The revocations of a commit as a plan reads them, which the rules of a commit come without: whom they are about and
 * until when. Read one by one, so that one that is broken hides no other.
 */
export async function revocationsAt(
  { clone, loader }: { readonly clone: Pick<BareClone, 'tree'>; readonly loader: RevisionLoader },
  commit: string,
): Promise<ReadonlyMap<string, Revocation>> {
  if (!(await clone.tree(commit)).some(({ path }) => isRevocationFile(path))) return new Map();
  const { revocations } = await loader.narrowing(commit);
  const at = { file: '', line: 1, column: 1 };
  return new Map(revocations.map((one) => [one.name, { kind: 'Revocation', labels: {}, at, reason: '', ...one }]));
}
