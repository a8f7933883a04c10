import { type ForgeWebhook, readWebhook, type WebhookHeaders } from '../hosted/read-webhook.ts';

const names = {
  signature: 'x-hub-signature-256',
  form: /^sha256=([0-9a-f]{64})$/,
  delivery: 'x-github-delivery',
  event: 'x-github-event',
};

/** Reads a webhook of GitHub. */
export function readGitHubWebhook(
  headers: WebhookHeaders,
  body: Uint8Array,
  secret: string,
): ForgeWebhook | { readonly refused: string } {
  return readWebhook(names, headers, body, secret);
}
