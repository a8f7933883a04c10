/** The kinds of documents a policy repo holds, each with its folder and its schema. */
import type { Kind } from '../model/documents.ts';
import { type AccessPolicyDocument, validateAccessPolicyDocument } from '../schema/access-policy.ts';
import { type ApproverRuleDocument, validateApproverRuleDocument } from '../schema/approver-rule.ts';
import { type BreakGlassDocument, validateBreakGlassDocument } from '../schema/break-glass.ts';
import { type ClusterDocument, validateClusterDocument } from '../schema/cluster.ts';
import { type GrantDocument, validateGrantDocument } from '../schema/grant.ts';
import { type GroupDocument, validateGroupDocument } from '../schema/group.ts';
import { type IdentityDocument, validateIdentityDocument } from '../schema/identity.ts';
import { type MaskPolicyDocument, validateMaskPolicyDocument } from '../schema/mask-policy.ts';
import { type RepoDocument, validateRepoDocument } from '../schema/repo.ts';
import { type RevocationDocument, validateRevocationDocument } from '../schema/revocation.ts';
import { type StreamDocument, validateStreamDocument } from '../schema/stream.ts';
import type { Validator } from './load-document.ts';

/** The YAML type of each kind. */
export interface DocumentOf {
  Repo: RepoDocument;
  Cluster: ClusterDocument;
  Stream: StreamDocument;
  Identity: IdentityDocument;
  Group: GroupDocument;
  AccessPolicy: AccessPolicyDocument;
  ApproverRule: ApproverRuleDocument;
  MaskPolicy: MaskPolicyDocument;
  Grant: GrantDocument;
  BreakGlass: BreakGlassDocument;
  Revocation: RevocationDocument;
}

export interface KindEntry<K extends Kind = Kind> {
  /** Folder at the repo's root, with its `/`; for Repo the one file. */
  readonly place: string;
  /** One document a file, and the file is named after it. */
  readonly single: boolean;
  readonly validate: Validator<DocumentOf[K]>;
}

/** Every kind by its name. */
export const kinds: { readonly [K in Kind]: KindEntry<K> } = {
  Repo: { place: 'sluice.yaml', single: true, validate: validateRepoDocument },
  Cluster: { place: 'clusters/', single: false, validate: validateClusterDocument },
  Stream: { place: 'streams/', single: false, validate: validateStreamDocument },
  Identity: { place: 'identities/', single: false, validate: validateIdentityDocument },
  Group: { place: 'groups/', single: false, validate: validateGroupDocument },
  AccessPolicy: { place: 'policies/', single: false, validate: validateAccessPolicyDocument },
  ApproverRule: { place: 'approver-rules/', single: false, validate: validateApproverRuleDocument },
  MaskPolicy: { place: 'masks/', single: false, validate: validateMaskPolicyDocument },
  Grant: { place: 'grants/', single: true, validate: validateGrantDocument },
  BreakGlass: { place: 'breakglass/', single: true, validate: validateBreakGlassDocument },
  Revocation: { place: 'revocations/', single: true, validate: validateRevocationDocument },
};

/** The kind whose folder (or file) a path is in. */
export function kindAt(path: string): Kind | undefined {
  const names = Object.keys(kinds) as Kind[];
  return names.find((kind) => {
    const { place } = kinds[kind];
    return place.endsWith('/') ? path.startsWith(place) : path === place;
  });
}

/** True for a kind's name. */
export function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(kinds, word);
}
