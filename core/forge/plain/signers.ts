import { type AllowedKey, verifySsh } from '../../git/ssh-signature.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';

/** Keys of people whose signatures count at a moment (epoch ms), under the rules before a step. */
export function keysAt(rules: PolicySet, at: number): readonly AllowedKey[] {
  return [...rules.identities.values()].flatMap((identity) =>
    (identity.person?.signingKeys ?? [])
      .filter(
        ({ validFrom, validTo }) =>
          (validFrom === undefined || validFrom <= at) && (validTo === undefined || at < validTo),
      )
      .map(({ key }) => ({ name: identity.name, key })),
  );
}

/** Identity that signed, by the keys that counted at `at`; undefined when none of them did. */
export function identityBehind(
  rules: PolicySet,
  payload: Uint8Array,
  signature: string,
  namespace: string,
  at: number,
): Promise<string | undefined> {
  return verifySsh(payload, signature, namespace, keysAt(rules, at));
}

/** Owner of the trust root that signed. */
export function ownerBehind(
  trustRoot: Pick<TrustRoot, 'owners'>,
  payload: Uint8Array,
  signature: string,
  namespace: string,
): Promise<string | undefined> {
  const keys = trustRoot.owners.flatMap(({ name, key }) => (key === undefined ? [] : [{ name, key }]));
  return verifySsh(payload, signature, namespace, keys);
}
