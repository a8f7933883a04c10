import { type ForgeWebhook, readWebhook, type WebhookHeaders } from '../hosted/read-webhook.ts';

const names = {
  signature: 'x-gitea-signature',
  form: /^([0-9a-f]{64})$/,
  delivery: 'x-gitea-delivery',
  event: 'x-gitea-event',
};

/** Reads a webhook of Gitea or Forgejo. */
export function readGiteaWebhook(
  headers: WebhookHeaders,
  body: Uint8Array,
  secret: string,
): ForgeWebhook | { readonly refused: string } {
  return readWebhook(names, headers, body, secret);
}
