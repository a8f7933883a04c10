import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';

/** The clone is of the repo that the trust root means: it holds the genesis commit, with the tree that was trusted. */
export async function checkGenesis(
  clone: Pick<BareClone, 'has' | 'commit'>,
  trustRoot: Pick<TrustRoot, 'genesis'>,
): Promise<void> {
  if (!(await clone.has(trustRoot.genesis.commit))) {
    throw new SourceError('WrongGenesis', 'the policy repo does not hold the genesis commit', {
      why: `${trustRoot.genesis.commit.slice(0, 12)} is not in its history`,
      fix: 'correct policyRepo.url or trustRoot.genesis in gateway.yaml',
      retry: 'onChange',
    });
  }
  const { tree } = await clone.commit(trustRoot.genesis.commit);
  if (tree === trustRoot.genesis.tree) return;
  throw new SourceError('WrongGenesis', 'the genesis commit has another tree than the trust root says', {
    why: `it has ${tree}`,
    fix: 'correct trustRoot.genesis in gateway.yaml',
    retry: 'onChange',
  });
}
