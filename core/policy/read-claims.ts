import type { AccessPolicy, PolicySet } from '../model/documents.ts';
import type { ClaimValue, Principal, TokenClaims } from '../model/principal.ts';
import { coversSubject } from './fits.ts';

/** Characters of a text, and of all items of a list: what a condition can cost is bounded by them. */
const longestText = 1024;
const longestList = 16_384;
const mostItems = 1000;

const names = new WeakMap<ReadonlyMap<string, AccessPolicy>, readonly string[]>();

/** The claims that these policies' conditions read, and no others: null where the token does not have it. What is too large or nested is left out, so that it is unknown. */
export function readClaims(
  policies: ReadonlyMap<string, AccessPolicy>,
  token: TokenClaims,
): Readonly<Record<string, ClaimValue | null>> {
  let wanted = names.get(policies);
  if (!wanted) {
    wanted = [...new Set([...policies.values()].flatMap((policy) => policy.when?.claims ?? []))].sort();
    names.set(policies, wanted);
  }
  return Object.fromEntries(
    wanted.flatMap((name): [string, ClaimValue | null][] => {
      const value = claimOf(token, name);
      if (value === undefined || value === null) return [[name, null]];
      return isClaimValue(value) ? [[name, value]] : [];
    }),
  );
}

/** True when a condition that concerns a principal reads a claim that was not looked up at their login. */
export function lacksClaims({ policies, groups, identities }: PolicySet, principal: Principal): boolean {
  const identity = identities.get(principal.identity);
  if (!identity) return false;
  for (const policy of policies.values()) {
    const { claims = [] } = policy.when ?? {};
    const missing = claims.some((name) => !principal.claims || !Object.hasOwn(principal.claims, name));
    if (missing && coversSubject(groups, policy, identity, principal.claimGroups)) return true;
  }
  return false;
}

function claimOf(token: TokenClaims, name: string): unknown {
  if (name === 'sub') return token.subject;
  if (name === 'iss') return token.issuer;
  return Object.hasOwn(token.claims, name) ? token.claims[name] : undefined;
}

function isClaimValue(value: unknown): value is ClaimValue {
  if (typeof value === 'string') return value.length <= longestText;
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return (
    Array.isArray(value) &&
    value.length <= mostItems &&
    value.every((item) => typeof item === 'string' && item.length <= longestText) &&
    value.join('').length <= longestList
  );
}
