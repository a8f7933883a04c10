/** Most answers that are kept, and most bytes of one. */
const mostAnswers = 100;
const mostBytes = 256 * 1024;

/** Rows of a full page. */
export const pageSize = 100;

/** Headers of a question whose answer is evidence, and never one that was kept. */
export const fresh = { 'cache-control': 'no-cache' } as const;

export interface KeptAnswer {
  readonly etag: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

/**
 * Answers by address, for asking whether they have changed: a question that GitHub answers with 304 costs nothing of
 * the rate limit. A full page is never kept: what follows on the next one changes its Link header alone, and that may
 * not change its ETag.
 */
export class GitHubCache {
  readonly #answers = new Map<string, KeptAnswer>();

  get(url: string): KeptAnswer | undefined {
    return this.#answers.get(url);
  }

  keep(url: string, { status, headers, data }: Omit<KeptAnswer, 'etag'>): void {
    this.#answers.delete(url);
    const etag = headers['etag'];
    const small = Number(headers['content-length']) <= mostBytes;
    const full = Array.isArray(data) && data.length >= pageSize;
    if (typeof etag !== 'string' || !small || full) return;
    this.#answers.set(url, { etag, status, headers, data });
    if (this.#answers.size > mostAnswers) this.#answers.delete(this.#answers.keys().next().value!);
  }
}
