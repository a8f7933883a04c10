import type { RepoIdentity } from '../../core/admission/approval-digest.ts';
import { breakGlassNamespace, breakGlassPayload } from '../../core/admission/judge-break-glass.ts';
import { identityBehind } from '../../core/forge/plain/signers.ts';
import type { BreakGlass, PolicySet } from '../../core/model/documents.ts';

/**
 * Whether its subject signed an emergency, as the document is and comes to under `rules`, with a key that counted then.
 * No gateway admits another.
 */
export async function isSignedBySubject(rules: PolicySet, emergency: BreakGlass, repo: RepoIdentity): Promise<boolean> {
  const { subject, signature, signedAt } = emergency;
  const payload = breakGlassPayload(rules, emergency, repo);
  return (await identityBehind(rules, payload, signature, breakGlassNamespace, signedAt)) === subject;
}
