import canonicalize from 'canonicalize';
import { formatInstant, parseRfc3339 } from '../clock/instant.ts';
import type { ApprovalStatement, MergeStatement } from './evidence.ts';

/** Namespaces of the SSH signatures (PROTOCOL.sshsig): a signature made for one purpose is none for another. */
export const approvalNamespace = 'sluice-approval-v1';
export const mergeNamespace = 'sluice-merge-v1';

/** The bytes that are signed: canonical JSON (RFC 8785), instants as RFC 3339. */
export function formatStatement(statement: ApprovalStatement | MergeStatement): string {
  const times = Object.fromEntries(
    Object.entries(statement)
      .filter(([key]) => key.endsWith('At'))
      .map(([key, ms]) => [key, formatInstant(ms as number)]),
  );
  return canonicalize({ ...statement, ...times }) ?? '';
}

/** Reads a statement back; undefined unless it is exactly what `formatStatement` writes. */
export function parseApproval(text: string): ApprovalStatement | undefined {
  const value = parse(text);
  if (!value) return undefined;
  const { version, repoId, branch, kind, uid, digest, parts, verdict, baseCommit } = value;
  const [signedAt, expiresAt] = [instant(value['signedAt']), instant(value['expiresAt'])];
  if (
    version !== 1 ||
    !isText(repoId) ||
    !isText(branch) ||
    !isText(uid, true) ||
    !isText(digest) ||
    !isText(baseCommit)
  )
    return undefined;
  if ((kind !== 'grant' && kind !== 'policy') || (verdict !== 'approve' && verdict !== 'reject')) return undefined;
  if (signedAt === undefined || expiresAt === undefined || !isParts(parts)) return undefined;
  const statement: ApprovalStatement = {
    version,
    repoId,
    branch,
    kind,
    uid,
    digest,
    parts,
    verdict,
    baseCommit,
    signedAt,
    expiresAt,
  };
  return formatStatement(statement) === text ? statement : undefined;
}

export function parseMerge(text: string): MergeStatement | undefined {
  const value = parse(text);
  if (!value) return undefined;
  const { version, repoId, branch, base, head } = value;
  const mergedAt = instant(value['mergedAt']);
  if (version !== 1 || !isText(repoId) || !isText(branch) || !isText(base) || !isText(head) || mergedAt === undefined)
    return undefined;
  const statement: MergeStatement = { version, repoId, branch, base, head, mergedAt };
  return formatStatement(statement) === text ? statement : undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  if (text.length > 8192) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function instant(value: unknown): number | undefined {
  return typeof value === 'string' ? parseRfc3339(value) : undefined;
}

function isText(value: unknown, mayBeEmpty = false): value is string {
  return typeof value === 'string' && value.length <= 256 && (mayBeEmpty || value !== '');
}

function isParts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((part) => isText(part))
  );
}
