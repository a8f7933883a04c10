import type { PolicySet } from '../model/documents.ts';
import type { StepEvidence } from './evidence.ts';

/**
 * Who can never approve a step, each with why: whoever asked, gets, signed, wrote or co-wrote it, and every other
 * Identity of the same human. Claimed e-mail addresses can only add to this.
 */
export function exclusions(
  rules: PolicySet,
  evidence: StepEvidence,
  roles: { readonly subject?: string; readonly requestedBy?: string },
): ReadonlyMap<string, string> {
  const excluded = new Map<string, string>();
  const add = (name: string | undefined, why: string): void => {
    if (name !== undefined && !excluded.has(name)) excluded.set(name, why);
  };
  add(roles.subject, 'it is for them');
  add(roles.requestedBy, 'they asked for it');
  for (const signer of evidence.requestSigners) add(signer, 'they signed a commit of the request');
  const emails = new Set(evidence.claimedEmails.map(fold));
  for (const identity of rules.identities.values()) {
    if (identity.person?.emails.some((email) => emails.has(fold(email))))
      add(identity.name, 'they are an author of the request');
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const identity of rules.identities.values()) {
      for (const alias of identity.person?.aliases ?? []) {
        for (const [one, other] of [
          [identity.name, alias],
          [alias, identity.name],
        ] as const) {
          if (!excluded.has(one) || excluded.has(other)) continue;
          excluded.set(other, `they are the same human as ${one}`);
          grown = true;
        }
      }
    }
  }
  return excluded;
}

function fold(email: string): string {
  return email.trim().toLowerCase();
}
