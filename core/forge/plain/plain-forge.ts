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
      { tree, parents: [tip], author: signer, when: clock.now(), message: request.title },
      signer.keyFile,
    );
    await clone.push([{ ref: `${requestRefs}${request.name}`, commit: head, expected: '' }]);
    return { name: request.name, head, base: tip, approvals: [] };
  }

  async list(): Promise<readonly AccessRequest[]> {
    const { clone, tip } = this.#options;
    const branches = await clone.fetchAll(requestRefs);
    const refs = await clone.fetchAll(approvalRefs);
    return Promise.all(
      branches.map(async ([name, head]) => ({
        name,
        head,
        base: await clone.mergeBase(tip, head),
        approvals: await this.#approvals(refs.filter(([ref]) => ref.startsWith(`${name}/`)).map(([, id]) => id)),
      })),
    );
  }

  async find(name: string): Promise<AccessRequest | undefined> {
    return (await this.list()).find((request) => request.name === name);
  }

  /** Signs a statement about a request and puts it where the merger finds it. The newest one of a person replaces the last. */
  async sign(request: AccessRequest, statement: ApprovalStatement): Promise<void> {
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
    const approvals = (await Promise.all(refs.map(([, id]) => this.#statements(id)))).flat().slice(0, mostApprovals);
    const trailers = [
      ...approvals.map((signed) => packTrailer(approvalTrailer, signed)),
      packTrailer(mergeTrailer, statement),
    ];
    const message = `Merge request ${request.name}\n\n${trailers.join('\n')}`;
    const commit = await clone.writeCommit(
      { tree, parents: [tip, request.head], author: signer, when: now, message },
      signer.keyFile,
    );
    await clone.push([
      { ref: `refs/heads/${branch}`, commit, expected: tip },
      { ref: `${requestRefs}${request.name}`, commit: undefined, expected: request.head },
      ...refs.map(([ref, id]) => ({ ref: `${approvalRefs}${ref}`, commit: undefined, expected: id })),
    ]);
    return commit;
  }

  /** Puts files on the branch itself, without a request: for what only narrows, such as a Revocation. */
  async pushDirectly(title: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const { clone, clock, tip, branch } = this.#options;
    const signer = this.#signer();
    const tree = await clone.writeTree(tip, files);
    const commit = await clone.writeCommit(
      { tree, parents: [tip], author: signer, when: clock.now(), message: title },
      signer.keyFile,
    );
    await clone.push([{ ref: `refs/heads/${branch}`, commit, expected: tip }]);
    return commit;
  }

  #signer(): Signer {
    const { signer } = this.#options;
    if (signer) return signer;
    throw new InputError('BadKey', 'this needs your signing key', {
      fix: 'give --key FILE, the SSH private key whose public half is in your Identity',
    });
  }

  async #statements(id: string): Promise<readonly SignedStatement[]> {
    return unpackTrailers(approvalTrailer, (await this.#options.clone.commit(id)).message);
  }

  async #approvals(ids: readonly string[]): Promise<AccessRequest['approvals']> {
    const { rules, owners } = this.#options;
    const seen = await Promise.all(
      (await Promise.all(ids.map((id) => this.#statements(id)))).flat().map(async ({ text, signature }) => {
        const statement = parseApproval(text);
        if (!statement) return [];
        const payload = Buffer.from(text);
        const by =
          (await identityBehind(rules, payload, signature, approvalNamespace, statement.signedAt)) ??
          (await ownerBehind({ owners }, payload, signature, approvalNamespace));
        return by === undefined
          ? []
          : [{ by, signedAt: statement.signedAt, digest: statement.digest, verdict: statement.verdict }];
      }),
    );
    return seen.flat();
  }
}
