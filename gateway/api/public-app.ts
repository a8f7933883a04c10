import { Hono } from 'hono';

export interface PublicSources {
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Undefined = ready; else why not. */
  readonly notReady: () => string | undefined;
}

/** Health and metrics: what a load balancer and Prometheus ask. Tells no names and takes no orders. */
export function publicApp({ metrics, notReady }: PublicSources): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => {
    const why = notReady();
    return why === undefined ? c.text('ready\n') : c.text(`not ready: ${why}\n`, 503);
  });
  app.get('/metrics', async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  app.notFound((c) => c.text('there is nothing here\n', 404));
  return app;
}
