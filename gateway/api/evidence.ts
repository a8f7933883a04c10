import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { longestPeerEvidence } from '../../core/admission/peer-evidence.ts';
import type { EvidenceTaken } from '../../core/model/admin-api.ts';
import { answer } from './answer.ts';

export interface EvidenceControls {
  /** A signed note; throws AccessError when there is more to tell than one can hold. */
  readonly tell: () => string;
  readonly take: (note: string) => Promise<EvidenceTaken>;
}

/** GET and POST /evidence: what gateways tell each other about what a forge showed them. Body: `{note}`. */
export function addEvidence(app: Hono, { tell, take }: EvidenceControls): void {
  const largest = longestPeerEvidence + 100_000; // the note as a string of JSON
  const limit = bodyLimit({
    maxSize: largest,
    onError: (c) => c.json({ error: `the body may have ${largest} bytes` }, 413),
  });
  app.get('/evidence', (c) => answer(c, async () => ({ note: tell() })));
  app.post('/evidence', limit, async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const note = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)['note'] : undefined;
    if (typeof note !== 'string') return c.json({ error: 'the body has to be {"note": SIGNED NOTE}' }, 400);
    return answer(c, () => take(note));
  });
}
