import { SourceError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';

const prefix = 'refs/heads/request/breakglass-';
/** Branches that are fetched in one look; there is another one right after it while some are left. */
const mostFetched = 20;
/** Of those, branches that failed before: git refuses some objects for good. */
const mostFailed = 5;

type Judge = (file: SourceFile, commit: string) => Promise<unknown>;

/**
 * Requests that bring an emergency: branches `request/breakglass-…`, each looked at once a head. A document in one gives
 * a right before anybody merges it; all that is judged of it is its own signature. Each is fetched alone and counts as
 * looked at when it was judged, so that no branch stands in the way of another.
 */
export class EmergencyBranches {
  readonly #clone: Pick<BareClone, 'remoteRefs' | 'fetchOne'>;
  readonly #loader: Pick<RevisionLoader, 'file'>;
  /** Heads that the remote has and that were looked at. */
  #done: ReadonlySet<string> = new Set();
  /** Heads that could not be: asked for again after the others. */
  #failed: ReadonlySet<string> = new Set();

  constructor(clone: Pick<BareClone, 'remoteRefs' | 'fetchOne'>, loader: Pick<RevisionLoader, 'file'>) {
    this.#clone = clone;
    this.#loader = loader;
  }

  /** Judges documents in heads that were not looked at; `more`: some were left for the next time. */
  async each(judge: Judge): Promise<{ readonly more: boolean }> {
    const refs = await this.#clone.remoteRefs(`${prefix}*`);
    const heads = new Set(refs.map(([, head]) => head));
    this.#done = new Set([...this.#done].filter((head) => heads.has(head)));
    this.#failed = new Set([...this.#failed].filter((head) => heads.has(head)));
    const open = refs.filter(([, head]) => !this.#done.has(head));
    const fresh = open.filter(([, head]) => !this.#failed.has(head));
    const again = open.filter(([, head]) => this.#failed.has(head));
    const now = [...fresh.slice(0, mostFetched), ...again.slice(0, mostFailed)];
    for (const [ref, head] of now) {
      this.#failed = without(this.#failed, head);
      if (await this.#one(ref, judge)) this.#done = new Set(this.#done).add(head);
      else this.#failed = new Set(this.#failed).add(head); // to the end
    }
    return { more: fresh.length > mostFetched };
  }

  /** False when it could not be had, or not be judged: its own fault or not, the next one is looked at. */
  async #one(ref: string, judge: Judge): Promise<boolean> {
    try {
      const commit = await this.#clone.fetchOne(ref);
      if (commit === undefined) return true; // gone since
      const file = await this.#loader.file(commit, `breakglass/breakglass-${ref.slice(prefix.length)}.yaml`);
      if (file) await judge(file, commit);
      return true;
    } catch (error) {
      if (!(error instanceof SourceError || error instanceof UpstreamError)) throw error;
      return false;
    }
  }
}

function without(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  return new Set([...set].filter((other) => other !== one));
}
