import type { Problem } from '../errors/problem.ts';
import { SourceError } from '../errors/sluice-error.ts';
import type { BareClone, TreeEntry } from '../git/bare-clone.ts';
import { loadPolicySet } from '../load/load-policy-set.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';
import type { PolicySet } from '../model/documents.ts';

export interface LoadedRevision {
  readonly commit: string;
  readonly tree: string;
  /** undefined when the revision has errors. */
  readonly policySet: PolicySet | undefined;
  readonly problems: readonly Problem[];
}

/** The policy repo at a commit: blobs of the bare clone, never a work tree. Memory of the last few, since ids never change. */
export class RevisionLoader {
  readonly #clone: BareClone;
  readonly #recent = new Map<string, Promise<LoadedRevision>>();

  constructor(clone: BareClone) {
    this.#clone = clone;
  }

  load(commit: string): Promise<LoadedRevision> {
    let found = this.#recent.get(commit);
    if (!found) {
      found = this.#read(commit);
      found.catch(() => this.#recent.delete(commit));
      if (this.#recent.size >= 8) this.#recent.delete([...this.#recent.keys()][0]!);
      this.#recent.set(commit, found);
    }
    return found;
  }

  async #read(commit: string): Promise<LoadedRevision> {
    const [{ tree }, entries] = await Promise.all([this.#clone.commit(commit), this.#clone.tree(commit)]);
    assertPlainTree(entries);
    const wanted = entries.filter((entry) => isPolicyFile(entry.path));
    const files: SourceFile[] = await Promise.all(
      wanted.map(async ({ path, id }) => ({ path, bytes: await this.#clone.blob(id, sourceLimits.fileBytes) })),
    );
    const { policySet, problems } = loadPolicySet(files);
    return { commit, tree, policySet, problems };
  }
}

/** The files that the CLI reads too: YAML, outside hidden folders and node_modules. */
export function isPolicyFile(path: string): boolean {
  return /\.ya?ml$/.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === 'node_modules');
}

/** Refuses trees that could mean one thing to a reviewer and another to a reader. */
export function assertPlainTree(entries: readonly TreeEntry[]): void {
  if (entries.length > sourceLimits.files)
    throw unsafe(`it has ${entries.length} files; ${sourceLimits.files} are the most`);
  const folded = new Map<string, string>();
  for (const { mode, path } of entries) {
    if (mode === '120000') throw unsafe(`'${path}' is a symbolic link`);
    if (mode === '160000') throw unsafe(`'${path}' is a submodule`);
    if (mode !== '100644' && mode !== '100755') throw unsafe(`'${path}' has mode ${mode}`);
    if (path !== path.normalize('NFC')) throw unsafe('a path is not in Unicode normal form C');
    for (const part of path.split('/')) {
      if (part === '..' || part === '.' || part.toLowerCase() === '.git')
        throw unsafe(`'${path}' has a part '${part}'`);
    }
    if ([...path].some((char) => char < ' ' || char === '\x7f')) throw unsafe('a path has control characters');
    const key = path.toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) throw unsafe(`'${path}' and '${other}' differ in case only`);
    folded.set(key, path);
  }
}

function unsafe(why: string): SourceError {
  return new SourceError('RepoUnsafe', 'the revision cannot be read safely', {
    why,
    fix: 'remove it from the repo',
    retry: 'onChange',
  });
}
