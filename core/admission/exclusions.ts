import type { PolicySet } from '../model/documents.ts';
import type { StepEvidence } from './evidence.ts';
import { sameHuman } from './same-human.ts';

/**
 * Who can never approve a step, each with why: whoever asked, gets, signed, wrote or co-wrote it, and every other
 * Identity of the same human. Claimed e-mail addresses can only add to this.
 */
export function exclusions(
  rules: PolicySet,
  evidence: Pick<StepEvidence, 'requestSigners' | 'contributors' | 'claimedEmails'>,
  roles: { readonly subject?: string; readonly requestedBy?: string },
): ReadonlyMap<string, string> {
  const excluded = new Map<string, string>();
  const add = (name: string | undefined, why: string): void => {
    if (name !== undefined && !excluded.has(name)) excluded.set(name, why);
  };
  add(roles.subject, 'it is for them');
  add(roles.requestedBy, 'they asked for it');
  for (const signer of evidence.requestSigners) add(signer, 'they made the request');
  for (const name of evidence.contributors) add(name, 'they had a hand in the request');
  const emails = new Set(evidence.claimedEmails.map(fold));
  for (const identity of rules.identities.values()) {
    if (identity.person?.emails.some((email) => emails.has(fold(email))))
      add(identity.name, 'they are an author of the request');
  }
  for (const name of [...excluded.keys()]) {
    for (const other of sameHuman(rules, name)) add(other, `they are the same human as ${name}`);
  }
  return excluded;
}

function fold(email: string): string {
  return email.trim().toLowerCase();
}
