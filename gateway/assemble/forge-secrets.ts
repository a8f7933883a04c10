import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { readAppKey } from '../../core/forge/github/github-app-key.ts';
import { flawOfToken } from '../../core/forge/hosted/forge-token.ts';
import { isOnForge } from '../../core/forge/on-forge.ts';
import { openAppToken } from '../../core/forge/open-app-token.ts';
import type { TokenSource } from '../../core/git/shown-token.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { SecretFile } from '../config/secret-file.ts';
import type { Conditions } from '../telemetry/conditions.ts';
import { PartsHealth, secretWords } from './parts-health.ts';

/** What the gateway shows its forge, and what the forge shows it: each as it is now, since it may be rotated. */
export interface ForgeSecrets {
  /** For the forge's API. */
  readonly token: TokenSource;
  /** For git; undefined where it is asked as anybody, or with what git has of its own. */
  readonly gitToken: TokenSource | undefined;
  /** That webhooks may be signed with; undefined where none are taken. */
  readonly webhookSecrets: (() => Promise<readonly string[]>) | undefined;
  /** Reads every file, so that what is wrong with one is seen before it is needed. Never fails. */
  look(): Promise<void>;
}

/** Webhooks of the old secret and of the new one are taken where a file has both. */
const mostWebhookSecrets = 2;

/** Throws an InputError where what the forge is shown is not there at the start; undefined without a forge. */
export async function forgeSecretsOf(
  { forge, policyRepo }: Pick<GatewayConfig, 'forge' | 'policyRepo'>,
  conditions: Conditions,
  clock: Clock,
): Promise<ForgeSecrets | undefined> {
  if (!forge) return undefined;
  const health = new PartsHealth(conditions, secretWords);
  const secretIn = (file: string, check: (secret: string) => void): SecretFile =>
    new SecretFile({ file, check, onRead: (why) => health.set(file, why === undefined, why ?? '') });
  const { credentials, webhookSecretFile } = forge;
  const app = 'appId' in credentials ? credentials : undefined;
  const shown =
    'appId' in credentials
      ? secretIn(credentials.privateKeyFile, readAppKey)
      : secretIn(credentials.tokenFile, assertToken);
  const read = (): Promise<string> => shown.read();
  await read();
  const token = app ? await openAppToken(forge, { ...app, privateKey: read }, clock) : read;
  const signing = webhookSecretFile === undefined ? undefined : secretIn(webhookSecretFile, assertWebhookSecrets);
  const look = async (): Promise<void> => {
    await Promise.allSettled([read(), signing?.read()]);
  };
  await look();
  return {
    token,
    gitToken: isOnForge(policyRepo.url, forge) ? token : undefined,
    webhookSecrets: signing && (async () => linesOf(await signing.read())),
    look,
  };
}

function assertToken(token: string): void {
  const why = flawOfToken(token);
  if (why === undefined) return;
  throw new InputError('BadConfig', 'the token of the forge is none', {
    why,
    fix: 'put the token alone into its file',
  });
}

function assertWebhookSecrets(text: string): void {
  if (linesOf(text).length <= mostWebhookSecrets) return;
  throw new InputError('BadConfig', 'the secret of webhooks is none', {
    why: `it has more than ${mostWebhookSecrets} lines`,
    fix: 'give one secret, or the old one and the new one, a line each',
  });
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
