import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import type { Account } from './forge-api.ts';

/** The Identity that holds an account of the forge `host`. Bots and deleted accounts are nobody. */
export function identityOf(
  rules: Pick<PolicySet, 'identities'>,
  host: string,
  account: Account | undefined,
): string | undefined {
  if (!account || account.bot) return undefined;
  for (const { name, person } of rules.identities.values()) {
    if (person?.accounts.some(({ forge, id }) => forge === host && id === account.id)) return name;
  }
  return undefined;
}

/** The trust root's owner that holds an account of its forge. */
export function ownerOf(trustRoot: Pick<TrustRoot, 'owners'>, account: Account | undefined): string | undefined {
  if (!account || account.bot) return undefined;
  return trustRoot.owners.find((owner) => owner.account === account.id)?.name;
}
