import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Identity } from '../model/documents.ts';

const digests = new WeakMap<Identity, string>();

/**
 * SHA-256 (hex) over canonical JSON (RFC 8785) of what proves an Identity: its OIDC subjects, forge accounts and
 * signing keys, or its workload claims. E-mails and aliases prove nothing, so they are left out; order does not count.
 */
export function bindingsDigest(identity: Identity): string {
  let digest = digests.get(identity);
  if (digest === undefined) {
    const { person, workload } = identity;
    const bindings = {
      person: person && {
        oidc: sorted(person.oidc.map(({ issuer, subject }) => ({ issuer, subject }))),
        accounts: sorted(person.accounts.map(({ forge, id }) => ({ forge, id }))),
        signingKeys: sorted(
          person.signingKeys.map(({ key, validFrom, validTo }) => ({
            key,
            validFrom: validFrom ?? null,
            validTo: validTo ?? null,
          })),
        ),
      },
      workload: workload && { issuer: workload.issuer, claims: workload.claims },
    };
    digest = createHash('sha256')
      .update(canonicalize(JSON.parse(JSON.stringify(bindings))) ?? '')
      .digest('hex');
    digests.set(identity, digest);
  }
  return digest;
}

function sorted(items: readonly object[]): object[] {
  return [...items].sort((a, b) => (canonicalize(a)! < canonicalize(b)! ? -1 : 1));
}
