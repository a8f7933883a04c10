import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { BreakGlass, Grant, PolicySet } from '../model/documents.ts';
import type { FrozenStream } from '../model/right.ts';
import { bindingsDigest } from '../policy/bindings.ts';
import { breakGlassAsGrant } from '../policy/fits-break-glass.ts';
import { resolveScope } from '../policy/resolve-scope.ts';

/** Where an approval is worth something: this repo and branch, and no other. */
export interface RepoIdentity {
  readonly repoId: string;
  readonly branch: string;
}

export interface ContentDigest {
  /** SHA-256, hex. */
  readonly digest: string;
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * What approving a grant approves: the grant itself, who its subject is, the policy and approver rules that let it
 * through, the topics and groups it comes to and on which clusters, what is hidden and how it is recorded. All as the rules stand before the
 * step. Any later change of any of these gives another digest; where files stand and how they are laid out does not.
 */
export function grantDigest(rules: PolicySet, grant: Grant, repo: RepoIdentity): ContentDigest {
  const parts = grantParts(rules, grant);
  return { parts, digest: hashOf({ version: 1, ...repo, kind: 'grant', uid: grant.uid, parts }) };
}

/** What the subject of an emergency signs, and what its reviewers approve afterwards: all that a Grant's digest covers, and when it was signed. */
export function breakGlassDigest(rules: PolicySet, emergency: BreakGlass, repo: RepoIdentity): ContentDigest {
  const { uid, signedAt } = emergency;
  const terms = rules.policies.get(emergency.policy)?.breakGlass ?? null;
  const parts = { ...grantParts(rules, breakGlassAsGrant(emergency)), emergency: hashOf({ signedAt, terms }) };
  return { parts, digest: hashOf({ version: 1, ...repo, kind: 'breakGlass', uid, parts }) };
}

function grantParts(rules: PolicySet, grant: Grant): Readonly<Record<string, string>> {
  const { at: _at, kind: _kind, labels: _labels, ...spec } = grant;
  const policy = rules.policies.get(grant.policy);
  const subject = rules.identities.get(grant.subject);
  const streams = resolveScope(rules, grant);
  return {
    grant: hashOf(spec),
    subject: hashOf(subject ? bindingsDigest(subject) : null),
    policy: hashOf(policy ? withoutPlace(policy) : null),
    approval: hashOf(requiredRules(rules, grant).map((name) => approvalOf(rules, name))),
    scope: hashOf({ streams, clusters: grant.streams.map((name) => rules.streams.get(name)?.cluster ?? null) }),
    masks: hashOf(masksOf(rules, streams)),
    recording: hashOf(policy?.durability ?? null),
  };
}

/** One changed path of a policy change. */
export interface ContentChange {
  readonly path: string;
  readonly before: { readonly mode: string; readonly id: string } | undefined;
  readonly after: { readonly mode: string; readonly id: string } | undefined;
}

/** What approving a policy change approves: exactly these blobs instead of those. */
export function policyDigest(changes: readonly ContentChange[], repo: RepoIdentity): ContentDigest {
  const sorted = [...changes].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts = Object.fromEntries(
    sorted.map(({ path, before, after }) => [path, hashOf([before ?? null, after ?? null])]),
  );
  return { parts: {}, digest: hashOf({ version: 1, ...repo, kind: 'policy', parts }) };
}

/** Names of the ApproverRules that a grant needs: its policy's, and each stream's own minimum; sorted, once each. */
export function requiredRules(rules: PolicySet, grant: Grant): readonly string[] {
  const names = [
    rules.policies.get(grant.policy)?.approval,
    ...grant.streams.map((name) => rules.streams.get(name)?.minimumApproval),
  ];
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** Which parts of two digests differ, for the refusal's text. */
export function differingParts(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((part) => a[part] !== b[part]).sort();
}

function approvalOf(rules: PolicySet, name: string): unknown {
  const rule = rules.approverRules.get(name);
  return rule ? withoutPlace(rule) : null;
}

function masksOf(rules: PolicySet, streams: readonly FrozenStream[]): unknown {
  const names = new Set(streams.map(({ stream }) => stream));
  return [...rules.masks.values()]
    .filter((mask) => mask.streams.some((stream) => names.has(stream)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(withoutPlace);
}

function withoutPlace({ at: _at, ...rest }: { readonly at: unknown }): object {
  return rest;
}

/** SHA-256 over canonical JSON (RFC 8785); undefined fields are left out as JSON does. */
function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(JSON.parse(JSON.stringify(value))) ?? '')
    .digest('hex');
}
