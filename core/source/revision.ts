import { parseIsoDuration } from '../clock/duration.ts';
import { parseRfc3339 } from '../clock/instant.ts';
import type { Problem } from '../errors/problem.ts';
import type { BareClone, TreeEntry } from '../git/bare-clone.ts';
import { loadDocumentAs, type Validator } from '../load/load-document.ts';
import { loadPolicySet } from '../load/load-policy-set.ts';
import type { SourceFile } from '../load/source-file.ts';
import type { BreakGlass, Grant, PolicySet } from '../model/documents.ts';
import { type BreakGlassDocument, validateBreakGlassDocument } from '../schema/break-glass.ts';
import { type GrantDocument, validateGrantDocument } from '../schema/grant.ts';
import { validateRevocationDocument } from '../schema/revocation.ts';
import { fileOf, unsafeProblem } from './files-at.ts';
import {
  isBreakGlassFile,
  isGrantFile,
  isPlaneFile,
  isPolicyFile,
  isRegular,
  isRevocationFile,
  unsafePath,
} from './policy-tree.ts';

export interface LoadedRevision {
  readonly commit: string;
  /** undefined when there are errors. */
  readonly policySet: PolicySet | undefined;
  readonly problems: readonly Problem[];
}

/**
 * What a revision says that only narrows. Read file by file: what cannot be read is left out, so that no other file,
 * however broken, can stand in the way of a revocation.
 */
export interface NarrowingDocuments {
  /** Every Grant document that is there. */
  readonly grants: readonly {
    readonly uid: string;
    readonly name: string;
    /** ms. */
    readonly duration: number;
    /** Epoch ms. */
    readonly notAfter: number | undefined;
  }[];
  readonly revocations: readonly {
    readonly name: string;
    readonly target: { readonly grant: string } | { readonly subject: string };
    readonly until: number | undefined;
  }[];
}

/** Where revisions are read. */
type Objects = Pick<BareClone, 'tree' | 'blob'>;

/** The policy repo at commits: blobs of the bare clone, never a work tree. Keeps the last few, since ids never change. */
export class RevisionLoader {
  readonly #clone: Objects;
  readonly #planes = new Map<string, Promise<LoadedRevision>>();

  constructor(clone: Objects) {
    this.#clone = clone;
  }

  /** The rules at a commit: everything but grants and revocations. */
  plane(commit: string): Promise<LoadedRevision> {
    let found = this.#planes.get(commit);
    if (!found) {
      found = this.#load(commit, isPlaneFile);
      found.catch(() => this.#planes.delete(commit));
      if (this.#planes.size >= 8) this.#planes.delete([...this.#planes.keys()][0]!);
      this.#planes.set(commit, found);
    }
    return found;
  }

  /** Everything at a commit, as `sluice validate` would see it. */
  whole(commit: string): Promise<LoadedRevision> {
    return this.#load(commit, isPolicyFile);
  }

  /** One Grant file of `commit`, checked against the rules at `plane`; or what is wrong with it. */
  async grant(
    plane: string,
    commit: string,
    path: string,
  ): Promise<{ grant: Grant | undefined; problems: readonly Problem[] }> {
    const own = await this.#clone.tree(commit);
    const unsafe = unsafePath(own);
    if (unsafe) return { grant: undefined, problems: [unsafeProblem(unsafe)] };
    const files = await Promise.all([
      this.#read(await this.#clone.tree(plane), isPlaneFile),
      this.#read(own, (other) => other === path),
    ]);
    const { policySet, problems } = loadPolicySet(files.flat());
    const grant = policySet && [...policySet.grants.values()].find(({ at }) => at.file === path);
    return { grant, problems: problems.filter((problem) => problem.severity === 'error') };
  }

  /** One BreakGlass document, wherever it is from, checked against the rules at `plane`; or what is wrong with it. */
  async emergency(
    plane: string,
    file: SourceFile,
  ): Promise<{ readonly document: BreakGlass | undefined; readonly problems: readonly Problem[] }> {
    const unsafe = isBreakGlassFile(file.path) ? undefined : { path: file.path, why: 'it is not in breakglass/' };
    if (unsafe) return { document: undefined, problems: [unsafeProblem(unsafe)] };
    const rules = await this.#read(await this.#clone.tree(plane), isPlaneFile);
    const { policySet, problems } = loadPolicySet([...rules, file]);
    const document = policySet && [...policySet.breakGlass.values()].find(({ at }) => at.file === file.path);
    return { document, problems: problems.filter((problem) => problem.severity === 'error') };
  }

  /** A file of a commit as it is there; undefined when there is none, or it is no regular file. */
  async file(commit: string, path: string): Promise<SourceFile | undefined> {
    const entry = (await this.#clone.tree(commit)).find((one) => one.path === path);
    return entry && isRegular(entry) ? fileOf(this.#clone, entry) : undefined;
  }

  /** uids that documents of a commit use, of Grants and emergencies. */
  async uids(commit: string): Promise<readonly string[]> {
    const entries = (await this.#clone.tree(commit)).filter(isRegular);
    const files = await this.#read(entries, (path) => isGrantFile(path) || isBreakGlassFile(path));
    return files.flatMap((file) => {
      const validate = isGrantFile(file.path) ? validateGrantDocument : validateBreakGlassDocument;
      const { value } = loadDocumentAs<GrantDocument | BreakGlassDocument>(validate as Validator<GrantDocument>, file);
      return value ? [value.spec.uid] : [];
    });
  }

  async narrowing(commit: string): Promise<NarrowingDocuments> {
    const entries = (await this.#clone.tree(commit)).filter(isRegular);
    const [grants, revocations] = await Promise.all([
      this.#read(entries, isGrantFile),
      this.#read(entries, isRevocationFile),
    ]);
    return {
      grants: grants.flatMap((file) => {
        const document = loadDocumentAs(validateGrantDocument, file).value;
        if (!document) return [];
        const { uid, window } = document.spec;
        const duration = parseIsoDuration(window.duration) ?? 0;
        const notAfter = window.notAfter === undefined ? undefined : (parseRfc3339(window.notAfter) ?? 0);
        return [{ uid, name: document.metadata.name, duration, notAfter }];
      }),
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

  async #load(commit: string, wanted: (path: string) => boolean): Promise<LoadedRevision> {
    const entries = await this.#clone.tree(commit);
    const unsafe = unsafePath(entries);
    if (unsafe) return { commit, policySet: undefined, problems: [unsafeProblem(unsafe)] };
    const { policySet, problems } = loadPolicySet(await this.#read(entries, wanted));
    return { commit, policySet, problems };
  }

  #read(entries: readonly TreeEntry[], wanted: (path: string) => boolean): Promise<SourceFile[]> {
    return Promise.all(
      entries.filter(({ path }) => isPolicyFile(path) && wanted(path)).map((entry) => fileOf(this.#clone, entry)),
    );
  }
}
