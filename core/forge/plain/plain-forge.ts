import type { ApprovalStatement } from '../../admission/evidence.ts';
import { approvalNamespace, parseApproval } from '../../admission/statement-format.ts';
import type { Clock } from '../../clock/clock.ts';
import { InputError, SourceError } from '../../errors/sluice-error.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import type { AccessRequest, Forge } from '../forge.ts';
import {
  approvalTrailer,
  mergeTrailer,
  packTrailer,
  type SignedStatement,
  signStatement,
  unpackTrailers,
} from './signed-statement.ts';
import { identityBehind, ownerBehind } from './signers.ts';

const requestRefs = 'refs/heads/request/';
const approvalRefs = 'refs/sluice/approvals/';
const mostApprovals = 64;
const mostAttempts = 5;

/** Whoever works on the repo from this machine. */
export interface Signer {
  readonly name: string;
  readonly email: string;
  /** Private SSH key file. */
  readonly keyFile: string;
}

export interface PlainForgeOptions {
  readonly clone: BareClone;
  readonly clock: Clock;
  readonly repoId: string;
  readonly branch: string;
  /** Tip of the branch, fetched. */
  readonly tip: string;
  /** Rules at the tip. */
  readonly rules: PolicySet;
  readonly owners: TrustRoot['owners'];
  readonly signer: Signer | undefined;
}

/**
 * Requests, approvals and merges in git alone. A request is a branch `request/NAME` of signed commits; an approval is a
 * signed statement under `refs/sluice/approvals/NAME/`, which is transport only: it counts from the merge commit's
 * message. A merge is a commit of exactly two parents with the merger's signed time. Nothing of the work tree is touched.
 */
export class PlainForge implements Forge {
  readonly kind = 'plain';
  readonly #options: PlainForgeOptions;

  constructor(options: PlainForgeOptions) {
    this.#options = options;
  }

  async open(request: Parameters<Forge['open']>[0]): Promise<AccessRequest> {
    const { clone, clock, tip } = this.#options;
    const signer = this.#signer();
    if (await this.find(request.name)) {
      throw new InputError('BadUsage', `a request '${request.name}' is open already`, { fix: 'choose another name' });
    }
    const tree = await clone.writeTree(tip, request.files);
    const head = await clone.writeCommit(
      {
        tree,
        parents: [tip],
        author: signer,
        when: clock.now(),
        message: `${request.title}\n\n${request.body}`.trim(),
      },
      signer.keyFile,
    );
    await clone.push([{ ref: `${requestRefs}${request.name}`, commit: head, expected: '' }]);
    return { name: request.name, head, base: tip, approvals: [], url: undefined };
  }

  async list(): Promise<readonly AccessRequest[]> {
    const { clone, tip } = this.#options;
    const branches = await clone.fetchAll(requestRefs);
    const refs = await clone.fetchAll(approvalRefs);
    const requests = await Promise.all(
      branches.map(async ([name, head]): Promise<AccessRequest[]> => {
        const base = await clone.mergeBase(tip, head);
        if (base === undefined) return []; // a branch of another history is no request
        const seen = await this.#seen(refs.filter(([ref]) => ref.startsWith(`${name}/`)).map(([, id]) => id));
        const approvals = seen.map(({ by, statement: { signedAt, digest, verdict } }) => ({
          by,
          signedAt,
          digest,
          verdict,
        }));
        return [{ name, head, base, approvals, url: undefined }];
      }),
    );
    return requests.flat();
  }

  async find(name: string): Promise<AccessRequest | undefined> {
    return (await this.list()).find((request) => request.name === name);
  }

  /** Signs a statement about a request and puts it where the merger finds it. The newest one of a person replaces the last. */
  async say(request: AccessRequest, statement: ApprovalStatement): Promise<void> {
    const { clone, clock, tip } = this.#options;
    const signer = this.#signer();
    const signed = await signStatement(statement, signer.keyFile);
    const { tree } = await clone.commit(tip);
    const id = await clone.writeCommit(
      {
        tree,
        parents: [],
        author: signer,
        when: clock.now(),
        message: `${statement.verdict} ${request.name}\n\n${packTrailer(approvalTrailer, signed)}`,
      },
      undefined,
    );
    await clone.push([{ ref: `${approvalRefs}${request.name}/${signer.name}`, commit: id }], { force: true });
  }

  async merge(request: AccessRequest): Promise<string> {
    const { clone, clock, tip, repoId, branch } = this.#options;
    const signer = this.#signer();
    const tree = await clone.mergeTrees(tip, request.head);
    if (tree === undefined) {
      throw new SourceError('ForgeFailed', `request '${request.name}' conflicts with ${branch}`, {
        fix: 'open it anew on the newest commit',
      });
    }
    const now = clock.now();
    const statement = await signStatement(
      { version: 1, repoId, branch, base: tip, head: request.head, mergedAt: now },
      signer.keyFile,
    );
    const refs = (await clone.fetchAll(approvalRefs)).filter(([ref]) => ref.startsWith(`${request.name}/`));
    // Only what somebody known has signed: junk under the refs must not push real approvals over the cap.
    const approvals = (await this.#seen(refs.map(([, id]) => id))).map(({ signed }) => signed);
    const trailers = [
      ...approvals.map((signed) => packTrailer(approvalTrailer, signed)),
      packTrailer(mergeTrailer, statement),
    ];
    const message = `Merge request ${request.name}\n\n${trailers.join('\n')}`;
    const commit = await clone.writeCommit(
      { tree, parents: [tip, request.head], author: signer, when: now, message },
      signer.keyFile,
    );
    try {
      await clone.push([
        { ref: `refs/heads/${branch}`, commit, expected: tip },
        { ref: `${requestRefs}${request.name}`, commit: undefined, expected: request.head },
        ...refs.map(([ref, id]) => ({ ref: `${approvalRefs}${ref}`, commit: undefined, expected: id })),
      ]);
    } catch (cause) {
      if ((await clone.fetch(branch)) === tip) throw cause;
      throw new SourceError('ForgeFailed', `${branch} has moved while request '${request.name}' was merged`, {
        why: 'somebody else pushed in between; nothing was changed',
        fix: 'run it again',
        retry: 'later',
        cause,
      });
    }
    return commit;
  }

  /** Puts files on the branch itself, without a request: for what only narrows, such as a Revocation. */
  async narrow(title: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const { clone, clock, branch } = this.#options;
    const signer = this.#signer();
    for (let tip = this.#options.tip, attempt = 1; ; attempt++) {
      const tree = await clone.writeTree(tip, files);
      const commit = await clone.writeCommit(
        { tree, parents: [tip], author: signer, when: clock.now(), message: title },
        signer.keyFile,
      );
      try {
        await clone.push([{ ref: `refs/heads/${branch}`, commit, expected: tip }]);
        return commit;
      } catch (error) {
        const moved = await clone.fetch(branch);
        if (moved === undefined || moved === tip || attempt === mostAttempts) throw error;
        tip = moved; // somebody else pushed in between
      }
    }
  }

  #signer(): Signer {
    const { signer } = this.#options;
    if (signer) return signer;
    throw new InputError('BadKey', 'this needs your signing key', {
      fix: 'give --key FILE, the SSH private key whose public half is in your Identity',
    });
  }

  /** The signed statements of known people and owners in some commits; what is none, or too much, is left out. */
  async #seen(
    ids: readonly string[],
  ): Promise<
    readonly { readonly signed: SignedStatement; readonly statement: ApprovalStatement; readonly by: string }[]
  > {
    const { clone, rules, owners } = this.#options;
    const found: { signed: SignedStatement; statement: ApprovalStatement; by: string }[] = [];
    for (const id of ids) {
      const commit = await clone.commit(id).catch(() => undefined);
      for (const signed of unpackTrailers(approvalTrailer, commit?.message ?? '')) {
        const statement = parseApproval(signed.text);
        if (!statement || found.length >= mostApprovals) continue;
        const payload = Buffer.from(signed.text);
        const by =
          (await identityBehind(rules, payload, signed.signature, approvalNamespace, statement.signedAt)) ??
          (await ownerBehind({ owners }, payload, signed.signature, approvalNamespace));
        if (by !== undefined) found.push({ signed, statement, by });
      }
    }
    return found;
  }
}
