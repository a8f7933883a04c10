/** What owners can do beside requests, by their signatures: let a refused commit in, or say where judging begins anew. */
import {
  countOwners,
  type OwnerWish,
  type OwnerWord,
  ownerNamespace,
  parseOwnerStatement,
  tombstonesDigest,
} from '../../core/admission/owner-statement.ts';
import { AccessError } from '../../core/errors/sluice-error.ts';
import { ownerBehind } from '../../core/forge/plain/signers.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SignedText } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import { isPlaneFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';
import { narrow } from './narrowing.ts';

const mostSignatures = 32;
const mostHistory = 500;

export interface ExceptionSources {
  readonly clone: Pick<BareClone, 'firstParents' | 'changes' | 'resolve'>;
  readonly loader: RevisionLoader;
  readonly trustRoot: TrustRoot;
  /** Tip of the branch, fetched. */
  readonly tip: string;
}

/** What owners would sign for a commit, once it is sure that it could be done. */
export async function ownerWish(
  sources: ExceptionSources,
  kind: OwnerWish['kind'],
  revision: string,
  state: GatewayState,
  now: number,
): Promise<OwnerWish> {
  const { clone, loader, trustRoot, tip } = sources;
  const commit = await clone.resolve(revision);
  const { policySet, problems } = await loader.plane(commit);
  if (!policySet) throw refused(`the rules at ${commit.slice(0, 12)} have problems`, problems[0]?.message ?? '');
  const { repoId, branch } = trustRoot;
  if (kind === 'admit') {
    await checkFrozen(sources, commit, state);
    return { kind, repoId, branch, commit, from: '', tombstones: '' };
  }
  const chain = commit === tip ? [] : await clone.firstParents(tip, commit, mostHistory);
  if (!chain)
    throw refused(`commit ${commit.slice(0, 12)} is not on '${branch}'`, 'judging has to begin on the branch');
  const after = narrow(state, await loader.narrowing(commit), now);
  return { kind, repoId, branch, commit, from: state.judgedCommit, tombstones: tombstonesDigest(after.tombstones) };
}

/** The state after a wish that enough owners signed; throws what is missing. */
export async function ownerSigned(
  sources: ExceptionSources,
  wish: OwnerWish,
  signed: readonly SignedText[],
  state: GatewayState,
  now: number,
): Promise<{ readonly owners: readonly string[]; readonly change: (state: GatewayState) => GatewayState }> {
  const { loader, trustRoot } = sources;
  const words = await Promise.all(signed.slice(0, mostSignatures).map((one) => wordOf(trustRoot, one)));
  const { policySet } = await loader.plane(state.admittedCommit);
  const facts = { ...trustRoot, now, since: state.baseline?.at ?? 0, quorum: policySet?.repo.quorum ?? 1 };
  const read = words.filter((word) => word !== undefined);
  const { owners, missing, signedAt } = countOwners(wish, read, facts);
  if (missing !== undefined) throw refused('the owners have not signed this', missing);
  const { commit, kind } = wish;
  if (kind === 'admit') {
    return { owners, change: (current) => ({ ...current, admittedCommit: commit, frozen: undefined }) };
  }
  const [documents, uids] = await Promise.all([loader.narrowing(commit), loader.uids(commit)]);
  return {
    owners,
    change(current) {
      const next = narrow(current, documents, now);
      return {
        ...next,
        admittedCommit: commit,
        judgedCommit: commit,
        frozen: undefined,
        lost: undefined,
        lastMergedAt: Math.max(next.lastMergedAt, signedAt),
        baseline: {
          at: now,
          uids: [...new Set([...(current.baseline?.uids ?? []), ...uids])],
        },
      };
    },
  };
}

/** A refused change is in the branch, the commit has it, and nothing changed the rules after the commit. */
async function checkFrozen({ clone, trustRoot }: ExceptionSources, commit: string, state: GatewayState): Promise<void> {
  const { frozen, judgedCommit } = state;
  const short = commit.slice(0, 12);
  if (!frozen) throw refused('no change of the rules is refused', 'there is nothing to admit');
  const since = commit === frozen.commit ? [] : await clone.firstParents(commit, frozen.commit, mostHistory);
  const until = commit === judgedCommit ? [] : await clone.firstParents(judgedCommit, commit, mostHistory);
  if (!since || !until) {
    const why = `it has to be ${frozen.commit.slice(0, 12)}, which was refused, or a later one that was judged`;
    throw refused(`commit ${short} is not of those that wait on '${trustRoot.branch}'`, why);
  }
  const later = (await clone.changes(commit, judgedCommit)).find(({ path }) => isPlaneFile(path));
  if (!later) return;
  const why = `${later.path} was changed after it; the newest is ${judgedCommit}`;
  throw refused(`the rules changed again after commit ${short}`, why);
}

async function wordOf(trustRoot: TrustRoot, { text, signature }: SignedText): Promise<OwnerWord | undefined> {
  const statement = parseOwnerStatement(text);
  if (!statement) return undefined;
  return { statement, owner: await ownerBehind(trustRoot, Buffer.from(text), signature, ownerNamespace) };
}

function refused(what: string, why: string): AccessError {
  return new AccessError('OwnersNeeded', what, { why });
}
