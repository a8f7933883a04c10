import type { PolicySet } from '../model/documents.ts';

/** The Identity and all others of the same human: aliases hold in both directions and pass on. */
export function sameHuman(rules: Pick<PolicySet, 'identities'>, name: string): ReadonlySet<string> {
  const found = new Set([name]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const identity of rules.identities.values()) {
      const aliases = identity.person?.aliases ?? [];
      if (found.has(identity.name) || aliases.some((alias) => found.has(alias))) {
        for (const one of [identity.name, ...aliases]) found.add(one);
      }
    }
  }
  return found;
}
