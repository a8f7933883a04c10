import { InputError, type SourceError } from '../../errors/sluice-error.ts';

/** How long a forge that limits without saying until when is left alone, ms. */
const unsaid = 60_000;

/** Host of a forge's address: with its port, unless it is https on 443. */
export function hostOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const plain = url && url.username + url.password + url.search + url.hash === '';
  if (!plain || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new InputError('BadConfig', 'the address of the forge is none', {
      why: 'it is no http or https address, or has a user, a query or a fragment',
      fix: 'write it like https://git.example.com',
    });
  }
  return url.protocol === 'http:' && url.port === '' ? `${url.hostname}:80` : url.host;
}

/** Epoch ms until which a forge, or a proxy before it, takes no requests; undefined when it does not say so. */
export function retryAfter(status: number, headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (status !== 429 && !(status === 403 && text)) return undefined;
  if (text && /^\d{1,9}$/.test(text)) return now + Number(text) * 1000;
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? now + unsaid : Math.max(at, now);
}

/** A whole body, unless it is over the cap. One that breaks off is an error of the connection. */
export async function readBody(
  answer: Response,
  cap: number,
  failed: (flaw: string) => SourceError,
): Promise<Uint8Array> {
  const tooLong = (): SourceError => failed(`it is longer than ${cap} bytes`);
  if (Number(answer.headers.get('content-length') ?? 0) > cap) {
    await answer.body?.cancel();
    throw tooLong();
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body ?? []) {
    length += part.length;
    if (length > cap) throw tooLong();
    parts.push(part);
  }
  return Buffer.concat(parts);
}
