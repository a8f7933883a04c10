import { parseRfc3339 } from '../clock/instant.ts';
import type { Problem } from '../errors/problem.ts';
import type { BareClone, TreeEntry } from '../git/bare-clone.ts';
import { loadDocumentAs } from '../load/load-document.ts';
import { loadPolicySet } from '../load/load-policy-set.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';
import type { Grant, PolicySet } from '../model/documents.ts';
import { validateGrantDocument } from '../schema/grant.ts';
import { validateRevocationDocument } from '../schema/revocation.ts';
import { assertPlainTree, isGrantFile, isPlaneFile, isPolicyFile, isRevocationFile } from './policy-tree.ts';

export interface LoadedRevision {
  readonly commit: string;
  /** undefined when there are errors. */
  readonly policySet: PolicySet | undefined;
  readonly problems: readonly Problem[];
}

/** What a revision says that only narrows; read file by file, so that no other file can be in its way. */
export interface NarrowingDocuments {
  /** uids of every Grant document that is there. */
  readonly grantUids: ReadonlySet<string>;
  readonly revocations: readonly {
    readonly name: string;
    readonly target: { readonly grant: string } | { readonly subject: string };
    readonly until: number | undefined;
  }[];
}

/** The policy repo at commits: blobs of the bare clone, never a work tree. Keeps the last few, since ids never change. */
export class RevisionLoader {
  readonly #clone: BareClone;
  readonly #planes = new Map<string, Promise<LoadedRevision>>();

  constructor(clone: BareClone) {
    this.#clone = clone;
  }

  /** The rules at a commit: everything but grants and revocations. */
  plane(commit: string): Promise<LoadedRevision> {
    let found = this.#planes.get(commit);
    if (!found) {
      found = this.#files(commit, isPlaneFile).then((files) => ({ commit, ...loadPolicySet(files) }));
      found.catch(() => this.#planes.delete(commit));
      if (this.#planes.size >= 8) this.#planes.delete([...this.#planes.keys()][0]!);
      this.#planes.set(commit, found);
    }
    return found;
  }

  /** Everything at a commit, as `sluice validate` would see it. */
  async whole(commit: string): Promise<LoadedRevision> {
    return { commit, ...loadPolicySet(await this.#files(commit, isPolicyFile)) };
  }

  /** One Grant file of `commit`, checked against the rules at `plane`; or what is wrong with it. */
  async grant(
    plane: string,
    commit: string,
    path: string,
  ): Promise<{ grant: Grant | undefined; problems: readonly Problem[] }> {
    const [rules, own] = await Promise.all([
      this.#files(plane, isPlaneFile),
      this.#files(commit, (other) => other === path),
    ]);
    const { policySet, problems } = loadPolicySet([...rules, ...own]);
    const grant = policySet && [...policySet.grants.values()].find(({ at }) => at.file === path);
    return { grant, problems: problems.filter((problem) => problem.severity === 'error') };
  }

  async narrowing(commit: string): Promise<NarrowingDocuments> {
    const [grants, revocations] = await Promise.all([
      this.#files(commit, isGrantFile),
      this.#files(commit, isRevocationFile),
    ]);
    return {
      grantUids: new Set(grants.flatMap((file) => loadDocumentAs(validateGrantDocument, file).value?.spec.uid ?? [])),
      revocations: revocations.flatMap((file) => {
        const document = loadDocumentAs(validateRevocationDocument, file).value;
        if (!document) return [];
        const { grant, subject, until } = document.spec;
        const target = grant !== undefined ? { grant } : subject !== undefined ? { subject } : undefined;
        if (!target) return [];
        return [{ name: document.metadata.name, target, until: until === undefined ? undefined : parseRfc3339(until) }];
      }),
    };
  }

  async #files(commit: string, wanted: (path: string) => boolean): Promise<SourceFile[]> {
    const entries = await this.#clone.tree(commit);
    assertPlainTree(entries);
    return Promise.all(
      entries
        .filter(({ path }: TreeEntry) => isPolicyFile(path) && wanted(path))
        .map(async ({ path, id }) => ({ path, bytes: await this.#clone.blob(id, sourceLimits.fileBytes) })),
    );
  }
}
