import type { GatewayState } from '../state/state-store.ts';
import type { EvidenceDesk } from './evidence-desk.ts';

/** What is known of a grant, by its name or uid: how it was admitted, and whether it would be again; or why not. */
export async function explainGrant(
  { grants, refusals }: GatewayState,
  id: string,
  evidence: Pick<EvidenceDesk, 'verify'>,
): Promise<object | undefined> {
  const admitted = Object.values(grants).find((entry) => entry.grant.uid === id || entry.grant.name === id);
  if (admitted) return { ...admitted, verified: await evidence.verify(admitted) };
  return refusals.find((verdict) => verdict.kind === 'grant' && (verdict.uid === id || verdict.name === id));
}
