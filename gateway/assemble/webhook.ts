import { readGiteaWebhook } from '../../core/forge/gitea/gitea-webhook.ts';
import { readGitHubWebhook } from '../../core/forge/github/github-webhook.ts';
import type { WebhookOptions } from '../api/webhook.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ForgeSecrets } from './forge-secrets.ts';

/** Webhooks of the configured forge; undefined when none are to be taken. */
export function webhookOf(
  { forge, trustRoot }: Pick<GatewayConfig, 'forge' | 'trustRoot'>,
  secrets: Pick<ForgeSecrets, 'webhookSecrets'> | undefined,
  wake: () => void,
  metrics: Pick<Metrics, 'webhooks'>,
): WebhookOptions | undefined {
  if (!forge || !secrets?.webhookSecrets) return undefined;
  return {
    kind: forge.kind,
    read: forge.kind === 'gitea' ? readGiteaWebhook : readGitHubWebhook,
    secrets: secrets.webhookSecrets,
    repoId: trustRoot.repoId,
    wake,
    count: (result) => metrics.webhooks.add({ result }),
  };
}
