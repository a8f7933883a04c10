/** A `when` is opaque to a plan: equal conditions are met together, all others may be met or not. */
import type { AccessPolicy, PolicySet } from '../model/documents.ts';
import type { Question } from '../policy/stream-rights.ts';

/** Equal for conditions that are surely met by the same connections; undefined where there is none. */
export function conditionOf({ snapshot, principal, groups }: Question, { when }: AccessPolicy): string | undefined {
  if (!when) return undefined;
  if (!when.readsPrincipal) return when.text;
  const labels = snapshot.policies.identities.get(principal.identity)?.labels ?? {};
  return JSON.stringify([when.text, Object.entries(labels).sort(), [...groups].sort()]);
}

/** What the conditions of these policies may read of an Identity; empty when they read nothing. */
export function readOf({ identities, groups }: PolicySet, name: string, policies: readonly AccessPolicy[]): string {
  if (!policies.some(({ when }) => when?.readsPrincipal)) return '';
  const listed = [...groups.values()].filter(({ members }) => members.includes(name)).map((group) => group.name);
  return JSON.stringify([Object.entries(identities.get(name)?.labels ?? {}).sort(), listed.sort()]);
}

interface Conditional {
  readonly condition: string | undefined;
}

/** Which of the denies hold, on either side, while some conditions are met and the others are not. */
export interface World {
  now(ban: Conditional): boolean;
  old(ban: Conditional): boolean;
}

const mostConditions = 4;
const onlyWorld: readonly World[] = [{ now: () => true, old: () => true }];

/** Every world that the conditions of some denies leave possible; of too many, the one that widens most. */
export function worldsOf(bans: readonly Conditional[]): readonly World[] {
  if (bans.every(({ condition }) => condition === undefined)) return onlyWorld;
  const conditions = [...new Set(bans.map(({ condition }) => condition).filter((one) => one !== undefined))];
  if (conditions.length > mostConditions) return [{ now: ({ condition }) => condition === undefined, old: () => true }];
  return Array.from({ length: 2 ** conditions.length }, (_, bits) => {
    const holds = ({ condition }: Conditional): boolean =>
      condition === undefined || (bits & (1 << conditions.indexOf(condition))) !== 0;
    return { now: holds, old: holds };
  });
}
