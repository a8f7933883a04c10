import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { EmergencyProposal } from '../../core/model/admin-api.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';
import { answer } from './answer.ts';

export interface EmergencyControls {
  /** What the subject has to sign for a document, whatever is in it as signature. */
  readonly propose: (file: SourceFile) => Promise<EmergencyProposal>;
  /** Judges a signed document; it is in force when this resolves with `admitted`. */
  readonly admit: (file: SourceFile) => Promise<GrantVerdict>;
}

const largest = 64 * 1024;
const documentName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** POST /break-glass/proposal and /break-glass: emergencies for when git or the forge is down. Body: `{name, yaml}`. */
export function addBreakGlass(app: Hono, { propose, admit }: EmergencyControls): void {
  const limit = bodyLimit({
    maxSize: largest,
    onError: (c) => c.json({ error: `a document may have ${largest} bytes` }, 413),
  });
  app.post('/break-glass/proposal', limit, async (c) => {
    const file = fileOf(await c.req.json().catch(() => undefined));
    return file ? answer(c, () => propose(file)) : c.json({ error: unread }, 400);
  });
  app.post('/break-glass', limit, async (c) => {
    const file = fileOf(await c.req.json().catch(() => undefined));
    return file ? answer(c, () => admit(file)) : c.json({ error: unread }, 400);
  });
}

const unread = 'the body has to be {"name": NAME, "yaml": BREAKGLASS}';

function fileOf(body: unknown): SourceFile | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, yaml } = body as { name?: unknown; yaml?: unknown };
  if (typeof name !== 'string' || typeof yaml !== 'string' || !documentName.test(name)) return undefined;
  return { path: `breakglass/${name}.yaml`, bytes: new TextEncoder().encode(yaml) };
}
