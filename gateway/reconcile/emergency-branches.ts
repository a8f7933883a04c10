import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';

const prefix = 'refs/heads/request/breakglass-';
/** Branches that are looked at in one round; the rest waits for the next. */
const mostNew = 20;
const mostRemembered = 1000;

/**
 * Requests that bring an emergency: branches `request/breakglass-…`, each looked at once a head. A document in one gives
 * a right before anybody merges it; all that is judged of it is its own signature.
 */
export class EmergencyBranches {
  readonly #clone: Pick<BareClone, 'fetchAll'>;
  readonly #loader: Pick<RevisionLoader, 'file'>;
  readonly #seen = new Set<string>();

  constructor(clone: Pick<BareClone, 'fetchAll'>, loader: Pick<RevisionLoader, 'file'>) {
    this.#clone = clone;
    this.#loader = loader;
  }

  /** Documents in heads that were not seen before. What a branch holds beside them does not matter. */
  async fresh(): Promise<readonly { readonly file: SourceFile; readonly commit: string }[]> {
    const heads = (await this.#clone.fetchAll(prefix)).filter(([, head]) => !this.#seen.has(head)).slice(0, mostNew);
    const found: { file: SourceFile; commit: string }[] = [];
    for (const [name, commit] of heads) {
      if (this.#seen.size >= mostRemembered) this.#seen.delete([...this.#seen][0]!);
      this.#seen.add(commit);
      const file = await this.#file(commit, `breakglass/breakglass-${name}.yaml`);
      if (file) found.push({ file, commit });
    }
    return found;
  }

  /** undefined when there is no such file, or the branch is at something that is no commit. */
  async #file(commit: string, path: string): Promise<SourceFile | undefined> {
    try {
      return await this.#loader.file(commit, path);
    } catch (error) {
      if (error instanceof SourceError && error.code !== 'GitFailed') return undefined;
      throw error;
    }
  }
}
