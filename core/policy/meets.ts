import type { AccessPolicy, When } from '../model/documents.ts';
import type { ClaimValue, Principal } from '../model/principal.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { compileWhen, type WhenContext } from './when-language.ts';

/** `unknown`: a value it needs is missing or of another type. */
export type Met = 'met' | 'unmet' | 'unknown';

/** Who asks, and under which rules. */
export interface Asking {
  readonly snapshot: Snapshot;
  readonly principal: Principal;
  readonly groups: ReadonlySet<string>;
}

const compiled = new WeakMap<When, (context: WhenContext) => boolean>();

/**
 * Whether a policy's `when` is met by who asks. It fails closed: an allow gives something only when met, a deny holds
 * unless unmet. A claim that was not looked up at the login is unknown, never absent.
 */
export function meets({ snapshot, principal, groups }: Asking, { when }: AccessPolicy): Met {
  if (!when) return 'met';
  const claims: Record<string, unknown> = {};
  for (const name of when.claims) {
    const value = principal.claims && Object.hasOwn(principal.claims, name) ? principal.claims[name] : undefined;
    if (value === undefined) return 'unknown';
    if (value !== null) Object.defineProperty(claims, name, { value: celValue(value), enumerable: true });
  }
  if (when.readsSource && principal.source === undefined) return 'unknown';
  let evaluate = compiled.get(when);
  if (!evaluate) {
    evaluate = compileWhen(when);
    compiled.set(when, evaluate);
  }
  try {
    const met = evaluate({
      principal: {
        name: principal.identity,
        kind: principal.kind,
        groups: [...groups],
        labels: snapshot.policies.identities.get(principal.identity)?.labels ?? {},
      },
      claims,
      source: { address: principal.source ?? '' },
    });
    return met ? 'met' : 'unmet';
  } catch {
    return 'unknown'; // its text can hold values of the token
  }
}

function celValue(value: ClaimValue): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}
