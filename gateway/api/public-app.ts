import { Hono } from 'hono';
import { addWebhook, type WebhookOptions } from './webhook.ts';

export interface PublicSources {
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Undefined = ready; else why not. */
  readonly notReady: () => string | undefined;
  /** Undefined = webhooks are not taken. */
  readonly webhook: WebhookOptions | undefined;
}

/** Health, metrics and webhooks: what a load balancer, Prometheus and a forge ask. Tells no names and takes no orders. */
export function publicApp({ metrics, notReady, webhook }: PublicSources): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => {
    const why = notReady();
    return why === undefined ? c.text('ready\n') : c.text(`not ready: ${why}\n`, 503);
  });
  app.get('/metrics', async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  if (webhook) addWebhook(app, webhook);
  app.notFound((c) => c.text('there is nothing here\n', 404));
  return app;
}
