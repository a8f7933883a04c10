/** Every name that a document gives has to exist; what is misspelled is told with what was probably meant. */
import type { Group, Kind, PolicyDocument } from '../model/documents.ts';
import type { Findings } from './findings.ts';
import type { Path, YamlDocument } from './load-yaml.ts';
import { didYouMean } from './nearest.ts';
import { uidForm } from './uid-form.ts';

/** A document of the model beside its text. */
export interface Placed<D extends PolicyDocument = PolicyDocument> {
  readonly document: D;
  readonly yaml: YamlDocument;
}

export type Names = ReadonlyMap<Kind, ReadonlySet<string>>;

/** Reports dangling references of one document. */
export function checkReferences(
  placed: Placed,
  names: Names,
  groups: ReadonlyMap<string, Group>,
  findings: Findings,
): void {
  for (const { kind, or, name, path, trusted, soft } of references(placed.document, placed.yaml)) {
    if (or !== undefined && names.get(or)?.has(name)) continue;
    if (!names.get(kind)?.has(name)) {
      const message = `there is no ${kind} '${name}'`;
      const fix = didYouMean(name, names.get(kind) ?? []) ?? `add it to the repo, or name another ${kind}`;
      if (soft) findings.warn(placed.yaml, path, 'reference/dangling', message, fix);
      else findings.at(placed.yaml, path, 'reference/dangling', message, fix);
    } else if (trusted && groups.get(name)?.fromClaim) {
      const message = `members of group '${name}' come from a token claim, so it cannot ${trusted}`;
      findings.at(placed.yaml, path, 'reference/from-claim', message, 'name a group with listed members');
    }
  }
}

interface Reference {
  readonly kind: Kind;
  /** Another kind whose name it may be. */
  readonly or?: Kind;
  readonly name: string;
  readonly path: Path;
  /** What a group whose members come from a claim must not do. */
  readonly trusted?: string;
  /** Missing is only a warning. */
  readonly soft?: boolean;
}

function references(document: PolicyDocument, yaml: YamlDocument): Reference[] {
  const list = (kind: Kind, field: Path, list: readonly string[], trusted?: string): Reference[] =>
    list.map((name, i) => ({ kind, name, path: ['spec', ...field, i], ...(trusted ? { trusted } : {}) }));
  const one = (kind: Kind, field: string, name: string | undefined): Reference[] =>
    name === undefined ? [] : [{ kind, name, path: ['spec', field] }];
  switch (document.kind) {
    case 'Repo':
      return [];
    case 'Cluster':
      return list('Group', ['owners'], document.owners, 'own anything');
    case 'Stream':
      return [
        ...one('Cluster', 'cluster', document.cluster),
        ...list('Group', ['owners'], document.owners, 'own anything'),
        ...one('ApproverRule', 'minimumApproval', document.minimumApproval),
      ];
    case 'Identity':
      return list('Identity', ['person', 'aliases'], document.person?.aliases ?? []);
    case 'Group':
      return list('Identity', ['members'], document.members);
    case 'AccessPolicy':
      return [
        ...document.subjects.map((subject, i): Reference => {
          const path = ['spec', 'subjects', i];
          if ('identity' in subject) return { kind: 'Identity', name: subject.identity, path: [...path, 'identity'] };
          const group = { kind: 'Group', name: subject.group, path: [...path, 'group'] } as const;
          return document.effect === 'deny' ? { ...group, trusted: 'be denied: the claim may be left out' } : group;
        }),
        ...streamNames(yaml),
        ...one('ApproverRule', 'approval', document.approval),
        ...list('Group', ['breakGlass', 'notify'], document.breakGlass?.notify ?? [], 'be told'),
        ...document.unmask.map((id, i) => ({
          kind: 'MaskPolicy' as const,
          name: id.split('/')[0]!,
          path: ['spec', 'unmask', i],
        })),
      ];
    case 'ApproverRule':
      return document.require.clauses.map(({ from }, i) => ({
        kind: 'Group',
        name: from,
        path: ['spec', 'require', document.require.match, i, 'from'],
        trusted: 'approve',
      }));
    case 'MaskPolicy':
      return streamNames(yaml);
    case 'Grant':
      return [
        ...one('Identity', 'requestedBy', document.requestedBy),
        ...one('Identity', 'subject', document.subject),
        ...one('AccessPolicy', 'policy', document.policy),
        ...list('Stream', ['streams'], document.streams),
      ];
    case 'BreakGlass':
      return [
        ...one('Identity', 'subject', document.subject),
        ...one('AccessPolicy', 'policy', document.policy),
        ...list('Stream', ['streams'], document.streams),
      ];
    case 'Revocation': {
      const { target } = document;
      if ('subject' in target) return one('Identity', 'subject', target.subject || undefined);
      // A grant's file may be deleted long before its revocation is; a uid names no file at all.
      if (uidForm.test(target.grant)) return [];
      return [{ kind: 'Grant', or: 'BreakGlass', name: target.grant, path: ['spec', 'grant'], soft: true }];
    }
  }
}

/** The streams as they stand in the text: the model has them sorted and selectors resolved. */
function streamNames(yaml: YamlDocument): Reference[] {
  const { spec } = yaml.value as { spec: { streams: readonly string[] | object } };
  if (!Array.isArray(spec.streams)) return [];
  return spec.streams.map((name: string, i) => ({ kind: 'Stream', name, path: ['spec', 'streams', i] }));
}
