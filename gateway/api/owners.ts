import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { OwnerWish } from '../../core/admission/owner-statement.ts';
import type { SignedText } from '../../core/model/admin-api.ts';
import { answer } from './answer.ts';

export interface OwnerControls {
  readonly wish: (kind: OwnerWish['kind'], revision: string) => Promise<OwnerWish>;
  readonly sign: (kind: OwnerWish['kind'], revision: string, signed: readonly SignedText[]) => Promise<OwnerWish>;
}

const largest = 256 * 1024;
const revisionForm = /^[0-9a-f]{7,64}$/;

/** POST /owners/wish and /owners: what owners of the trust root sign beside requests. Body: `{kind, commit, signed}`. */
export function addOwners(app: Hono, { wish, sign }: OwnerControls): void {
  const limit = bodyLimit({
    maxSize: largest,
    onError: (c) => c.json({ error: `the body may have ${largest} bytes` }, 413),
  });
  app.post('/owners/wish', limit, async (c) => {
    const asked = read(await c.req.json().catch(() => undefined));
    return asked ? answer(c, () => wish(asked.kind, asked.commit)) : c.json({ error: unread }, 400);
  });
  app.post('/owners', limit, async (c) => {
    const asked = read(await c.req.json().catch(() => undefined));
    return asked ? answer(c, () => sign(asked.kind, asked.commit, asked.signed)) : c.json({ error: unread }, 400);
  });
}

const unread =
  'the body has to be {"kind": "admit" or "baseline", "commit": COMMIT, "signed": [{"text", "signature"}]}';

function read(
  body: unknown,
): { readonly kind: OwnerWish['kind']; readonly commit: string; readonly signed: readonly SignedText[] } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { kind, commit, signed = [] } = body as Record<string, unknown>;
  if ((kind !== 'admit' && kind !== 'baseline') || typeof commit !== 'string' || !revisionForm.test(commit))
    return undefined;
  return Array.isArray(signed) && signed.every(isSigned) ? { kind, commit, signed } : undefined;
}

function isSigned(value: unknown): value is SignedText {
  const { text, signature } = (value ?? {}) as Partial<SignedText>;
  return typeof text === 'string' && typeof signature === 'string';
}
