import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';

const prefix = 'refs/heads/request/breakglass-';
/** Branches that are looked at in one round; the rest waits for the next. */
const mostNew = 20;
const mostRemembered = 1000;
/** Times that a head is asked for which is not to be had: git refuses some objects, and a remote may be down. */
const mostTries = 3;

/**
 * Requests that bring an emergency: branches `request/breakglass-…`, each looked at once a head. A document in one gives
 * a right before anybody merges it; all that is judged of it is its own signature. Each is fetched alone, so that no
 * branch stands in the way of another.
 */
export class EmergencyBranches {
  readonly #clone: Pick<BareClone, 'remoteRefs' | 'fetchRef'>;
  readonly #loader: Pick<RevisionLoader, 'file'>;
  /** Tries left by head; 0 = it was looked at. */
  readonly #left = new Map<string, number>();

  constructor(clone: Pick<BareClone, 'remoteRefs' | 'fetchRef'>, loader: Pick<RevisionLoader, 'file'>) {
    this.#clone = clone;
    this.#loader = loader;
  }

  /** Documents in heads that were not seen before. What a branch holds beside them does not matter. */
  async fresh(): Promise<readonly { readonly file: SourceFile; readonly commit: string }[]> {
    const heads = (await this.#clone.remoteRefs(`${prefix}*`)).filter(([, head]) => this.#left.get(head) !== 0);
    const found: { file: SourceFile; commit: string }[] = [];
    for (const [ref, head] of heads.slice(0, mostNew)) {
      const left = (this.#left.get(head) ?? mostTries) - 1;
      if (!this.#left.has(head) && this.#left.size >= mostRemembered) this.#left.delete([...this.#left.keys()][0]!);
      this.#left.set(head, left);
      try {
        const commit = await this.#clone.fetchRef(ref);
        if (commit === undefined) continue; // gone since
        const file = await this.#loader.file(commit, `breakglass/breakglass-${ref.slice(prefix.length)}.yaml`);
        this.#left.set(head, 0);
        if (file) found.push({ file, commit });
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
      }
    }
    return found;
  }
}
