/** A key, account or token belongs to at most one Identity, and a machine's claims must not match a stranger's. */

import { formatLocation } from '../errors/problem.ts';
import type { Identity } from '../model/documents.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';
import type { Path } from './load-yaml.ts';

/** Issuers that give tokens to anyone, with the claims that name one customer or repository for good. */
const sharedIssuers: ReadonlyMap<string, readonly string[]> = new Map([
  ['https://token.actions.githubusercontent.com', ['repository_id', 'repository_owner_id']],
  ['https://gitlab.com', ['project_id', 'namespace_id']],
  ['https://agent.buildkite.com', ['organization_id', 'pipeline_id']],
  ['https://app.terraform.io', ['terraform_organization_id', 'terraform_workspace_id']],
]);

/** Reports bindings that two Identities share, and workloads that strangers could match. */
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
    const { workload } = document;
    const needed = workload && sharedIssuers.get(workload.issuer);
    if (workload && needed && !needed.some((claim) => workload.claims[claim])) {
      const message = `anyone can get a token of ${workload.issuer}, and these claims name no repository for good`;
      const fix = `add the claim ${needed[0]}; a name can be taken over, an id cannot`;
      findings.atKey(yaml, ['spec', 'workload', 'claims'], 'policy/shared-issuer', message, fix);
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
