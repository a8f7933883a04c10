/** What owners of the trust root sign outside any request: an exception for one commit, or where a gateway begins anew. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { formatInstant, parseRfc3339 } from '../clock/instant.ts';
import type { Tombstone } from '../model/right.ts';
import type { TrustRoot } from '../model/trust-root.ts';

/** Namespace of the SSH signatures (PROTOCOL.sshsig). */
export const ownerNamespace = 'sluice-owner-v1';

/** ms from signing for which a statement can be used. */
export const ownerStatementLifetime = 86_400_000;

/** What is signed, but for the time. */
export interface OwnerWish {
  /** `admit`: the rules at the commit are in force, though their change was refused. `baseline`: judging begins there. */
  readonly kind: 'admit' | 'baseline';
  readonly repoId: string;
  readonly branch: string;
  readonly commit: string;
  /** The commit up to which the gateway has judged, which a baseline replaces. Empty for `admit`. */
  readonly from: string;
  /** SHA-256 (hex) over the revocations that hold from then on: a baseline must not forget one. Empty for `admit`. */
  readonly tombstones: string;
}

export interface OwnerStatement extends OwnerWish {
  readonly version: 1;
  /** Epoch ms. */
  readonly signedAt: number;
}

/** A statement whose signature was checked, and whose it is. */
export interface OwnerWord {
  /** undefined = no owner's. */
  readonly owner: string | undefined;
  readonly statement: OwnerStatement;
}

/** The bytes that are signed: canonical JSON (RFC 8785), the instant as RFC 3339. */
export function formatOwnerStatement(statement: OwnerStatement): string {
  return canonicalize({ ...statement, signedAt: formatInstant(statement.signedAt) }) ?? '';
}

/** Reads a statement back; undefined unless it is exactly what `formatOwnerStatement` writes. */
export function parseOwnerStatement(text: string): OwnerStatement | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text.slice(0, 4096)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { version, kind, repoId, branch, commit, from, tombstones } = value ?? {};
  const at = value?.['signedAt'];
  const signedAt = typeof at === 'string' ? parseRfc3339(at) : undefined;
  if (version !== 1 || (kind !== 'admit' && kind !== 'baseline') || signedAt === undefined) return undefined;
  if (typeof repoId !== 'string' || typeof branch !== 'string' || typeof commit !== 'string') return undefined;
  if (typeof from !== 'string' || typeof tombstones !== 'string') return undefined;
  const statement: OwnerStatement = { version, kind, repoId, branch, commit, from, tombstones, signedAt };
  return formatOwnerStatement(statement) === text ? statement : undefined;
}

/** Order does not matter, and neither does when they were first seen. */
export function tombstonesDigest(tombstones: readonly Pick<Tombstone, 'name' | 'target' | 'until'>[]): string {
  const lines = tombstones.map(({ name, target, until }) => canonicalize({ name, target, until: until ?? null }) ?? '');
  return createHash('sha256')
    .update([...new Set(lines)].sort().join('\n'))
    .digest('hex');
}

/** Who said it, when enough did; else what is missing. Each owner counts once, for exactly this, lately. */
export function countOwners(
  wish: OwnerWish,
  words: readonly OwnerWord[],
  facts: Pick<TrustRoot, 'threshold' | 'maxSkew'> & {
    readonly now: number;
    readonly quorum: number;
    /** Epoch ms of the last baseline: what was signed until then is used up. */
    readonly since: number;
  },
): { readonly owners: readonly string[]; readonly missing: string | undefined; readonly signedAt: number } {
  const owners = new Set<string>();
  const notes: string[] = [];
  let latest = 0;
  for (const { owner, statement } of words) {
    const why = problemOf(wish, owner, statement, facts);
    if (why === undefined) {
      owners.add(owner!);
      latest = Math.max(latest, statement.signedAt);
    } else notes.push(`${owner ?? 'an unknown key'}: ${why}`);
  }
  const needed = Math.max(facts.threshold, facts.quorum);
  const counted = `${owners.size} of ${needed} owners signed it`;
  const missing =
    owners.size >= needed ? undefined : `${counted}${notes.length > 0 ? ` (not counted: ${notes.join('; ')})` : ''}`;
  return { owners: [...owners].sort(), missing, signedAt: latest };
}

function problemOf(
  wish: OwnerWish,
  owner: string | undefined,
  { version: _version, signedAt, ...said }: OwnerStatement,
  { now, maxSkew, since }: { readonly now: number; readonly maxSkew: number; readonly since: number },
): string | undefined {
  if (owner === undefined) return 'no owner of the trust root has this key';
  const { kind, repoId, branch, commit, from, tombstones } = wish;
  const other = canonicalize(said) !== canonicalize({ kind, repoId, branch, commit, from, tombstones });
  if (other)
    return said.tombstones !== tombstones && said.commit === commit
      ? 'other revocations hold now'
      : 'it is about something else';
  if (signedAt <= since) return 'it was signed before the last baseline';
  if (signedAt > now + maxSkew) return 'it was signed in the future';
  if (now > signedAt + ownerStatementLifetime) return 'it was signed too long ago';
  return undefined;
}
