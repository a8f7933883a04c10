import { createHmac, timingSafeEqual } from 'node:crypto';
import { BugError } from '../../errors/sluice-error.ts';

/** What a webhook says, which is a hint to look, never evidence. */
export interface ForgeWebhook {
  /** Id of the delivery; one that is sent again has the same. */
  readonly delivery: string;
  /** `push`, `pull_request`, `pull_request_review`. */
  readonly event: string;
  readonly repoId: number;
  /** Of a push: `refs/heads/main`. */
  readonly ref?: string;
  /** Number of the pull request that it is about. */
  readonly pull?: number;
}

/** Header values by lower-case names, as Node's http server has them. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Names of the headers of a forge; the first group of `form` is the SHA-256 HMAC of the body in hex. */
export interface WebhookHeaderNames {
  readonly signature: string;
  readonly form: RegExp;
  readonly delivery: string;
  readonly event: string;
}

/** Reads a webhook whose signature is of `secret`; nothing of a body is looked at before that is known. */
export function readWebhook(
  names: WebhookHeaderNames,
  headers: WebhookHeaders,
  body: Uint8Array,
  secret: string,
): ForgeWebhook | { readonly refused: string } {
  if (secret === '') throw new BugError('a webhook is read without a secret');
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const signature = names.form.exec(one(names.signature) ?? '')?.[1];
  if (signature === undefined) return { refused: 'it has no signature' };
  const expected = createHmac('sha256', secret).update(body).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
    return { refused: 'its signature is of another secret' };
  const delivery = one(names.delivery);
  if (delivery === undefined || !/^[\w-]{1,64}$/.test(delivery)) return { refused: 'it has no delivery id' };
  const event = one(names.event);
  if (event === undefined || !/^[a-z_]{1,64}$/.test(event)) return { refused: 'it has no event' };
  const said = parse(body);
  if (said === undefined) return { refused: 'it is no JSON; the content type of the webhook must be application/json' };
  const repoId = idIn(said, 'repository', 'id');
  if (repoId === undefined) return { refused: 'it is about no repo' };
  const pull = idIn(said, 'pull_request', 'number');
  const ref = valueIn(said, 'ref');
  return {
    delivery,
    event,
    repoId,
    ...(typeof ref === 'string' && ref.length <= 1024 ? { ref } : {}),
    ...(pull === undefined ? {} : { pull }),
  };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

function idIn(said: unknown, object: string, name: string): number | undefined {
  const id = valueIn(valueIn(said, object), name);
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

function valueIn(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
  return isObject ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
