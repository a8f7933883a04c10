import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

/** Most bytes of a webhook; what a forge tells of one request is a few tens of KB. Longer ones are left to polling. */
const largest = 2 * 1024 * 1024;
const rememberedDeliveries = 10_000;
/** Bodies that are held at once: anybody can send one, and it is checked when it is whole. */
const mostAtOnce = 8;

/** What an adapter reads from a webhook once its signature holds. */
export type ReadWebhook = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: Uint8Array,
  secret: string,
) => { readonly delivery: string; readonly event: string; readonly repoId: number } | { readonly refused: string };

export interface WebhookOptions {
  readonly kind: 'github' | 'gitea';
  readonly read: ReadWebhook;
  /** Any of them may have signed it. Asked for each time, so that they can be rotated. */
  readonly secrets: () => Promise<readonly string[]>;
  readonly repoId: string;
  /** Asks for a round of reconciling soon; many calls make one. */
  readonly wake: () => void;
  readonly count: (result: 'woken' | 'known' | 'otherRepo' | 'refused' | 'tooLarge' | 'busy' | 'noSecret') => void;
}

/**
 * POST /webhook/KIND: wakes the reconcile loop and does nothing else, whatever it says. What is true is read from git
 * and the forge, so a forged, lost, doubled or replayed one can at most cost a fetch or its delay.
 */
export function addWebhook(app: Hono, options: WebhookOptions): void {
  const { kind, read, secrets, repoId, wake, count } = options;
  const known = new Set<string>();
  let held = 0;
  const limit = bodyLimit({
    maxSize: largest,
    onError: (c) => {
      count('tooLarge');
      return c.text(`a webhook may have ${largest} bytes\n`, 413);
    },
  });
  app.post(`/webhook/${kind}`, async (c, next) => {
    if (held >= mostAtOnce) {
      count('busy');
      return c.text('too many webhooks at once\n', 503);
    }
    held++;
    try {
      return await next();
    } finally {
      held--;
    }
  });
  app.post(`/webhook/${kind}`, limit, async (c) => {
    const body = new Uint8Array(await c.req.arrayBuffer());
    const keys = await secrets().catch(() => []);
    const answers = keys.map((key) => read(c.req.header(), body, key));
    const said = answers.find((answer) => !('refused' in answer)) ?? answers[0];
    if (said === undefined) {
      count('noSecret');
      return c.text('the secret of webhooks cannot be read here\n', 503);
    }
    if ('refused' in said) {
      count('refused');
      return c.text(`${said.refused}\n`, 401);
    }
    if (String(said.repoId) !== repoId) {
      count('otherRepo');
      return c.text('this gateway follows another repo\n', 202);
    }
    if (known.has(said.delivery)) {
      count('known');
      return c.text('known already\n', 202);
    }
    if (known.size >= rememberedDeliveries) known.delete(known.values().next().value!);
    known.add(said.delivery);
    count('woken');
    wake();
    return c.text('thank you\n', 202);
  });
}
