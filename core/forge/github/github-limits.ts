/** How long GitHub wants to be left alone when it limits without saying until when, ms (its documentation). */
const unsaid = 60_000;

/**
 * Epoch ms of this machine until which GitHub takes no requests; undefined when an answer is no limit. A primary limit
 * says so by a count of none left and the second at which it begins anew by its own clock, which is `skew` ms ahead; a
 * secondary one by Retry-After, or only in words.
 */
export function limitedUntil(
  answer: { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly message: string },
  now: number,
  skew: number,
): number | undefined {
  const { status, headers, message } = answer;
  if (status !== 403 && status !== 429) return undefined;
  const seconds = whole(headers['retry-after']);
  if (seconds !== undefined) return now + seconds * 1000;
  if (headers['x-ratelimit-remaining'] === '0') {
    const reset = whole(headers['x-ratelimit-reset']);
    return reset === undefined ? now + unsaid : Math.max(now, reset * 1000 - skew);
  }
  return status === 429 || /\bsecondary rate limit\b/i.test(message) ? now + unsaid : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
