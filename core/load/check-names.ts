import { formatLocation } from '../errors/problem.ts';
import type { BreakGlass, Grant } from '../model/documents.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';
import { uidForm } from './uid-form.ts';

/**
 * The one place of the language where a word may be meant in two ways is `Revocation.grant`: the name or the uid of a
 * Grant or a BreakGlass. So no name looks like the uid of another, and no name is that of both kinds.
 */
export function checkRevocable(
  placed: readonly (Placed<Grant> | Placed<BreakGlass>)[],
  grants: ReadonlyMap<string, Grant>,
  findings: Findings,
): void {
  for (const { document, yaml } of placed) {
    const path = ['metadata', 'name'];
    const fix = 'rename it and its file, like 2026-11-24-alice-payments';
    if (uidForm.test(document.name) && document.name !== document.uid) {
      const message = `'${document.name}' has the form of a uid, so a Revocation of it could mean another`;
      findings.at(yaml, path, 'reference/ambiguous', message, fix);
    }
    const other = document.kind === 'BreakGlass' ? grants.get(document.name) : undefined;
    if (!other) continue;
    const message = `Grant '${other.name}' in ${formatLocation(other.at)} has this name too, so a Revocation of it would end both`;
    findings.at(yaml, path, 'reference/ambiguous', message, fix);
  }
}
