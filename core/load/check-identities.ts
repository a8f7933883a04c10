/** A key, account or token belongs to at most one Identity. */
import { formatLocation } from '../errors/problem.ts';
import type { Identity } from '../model/documents.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';
import type { Path } from './load-yaml.ts';

/** Reports bindings that two Identities share. */
export function checkIdentities(identities: readonly Placed<Identity>[], findings: Findings): void {
  const owners = new Map<string, Identity>();
  for (const { document, yaml } of identities) {
    for (const { id, path, words } of bindings(document)) {
      const owner = owners.get(id);
      if (owner === undefined) owners.set(id, document);
      else {
        const whose = owner === document ? 'is there twice' : `belongs to Identity '${owner.name}' already`;
        const fix = `one Identity for each human; see ${formatLocation(owner.at)}`;
        findings.at(yaml, path, 'reference/duplicate-binding', `${words} ${whose}`, fix);
      }
    }
  }
}

interface Binding {
  readonly id: string;
  readonly path: Path;
  readonly words: string;
}

function bindings({ person, workload }: Identity): Binding[] {
  const at = (field: string, i: number): Path => ['spec', 'person', field, i];
  const found: Binding[] = [];
  for (const [i, { issuer, subject }] of (person?.oidc ?? []).entries()) {
    found.push({ id: JSON.stringify(['oidc', issuer, subject]), path: at('oidc', i), words: 'this OIDC subject' });
  }
  for (const [i, { forge, id }] of (person?.accounts ?? []).entries()) {
    found.push({ id: JSON.stringify(['account', forge, id]), path: at('accounts', i), words: 'this account' });
  }
  for (const [i, { key }] of (person?.signingKeys ?? []).entries()) {
    found.push({ id: JSON.stringify(['key', key]), path: at('signingKeys', i), words: 'this signing key' });
  }
  if (workload) {
    const claims = Object.entries(workload.claims).sort(([a], [b]) => (a < b ? -1 : 1));
    const id = JSON.stringify(['workload', workload.issuer, claims]);
    found.push({ id, path: ['spec', 'workload'], words: 'this set of claims' });
  }
  return found;
}
