/** What a test has the emulated GitHub do wrong, for requests whose `METHOD /path?query` a pattern matches. */
export interface Fault {
  readonly on: RegExp;
  /**
   * A status with GitHub's own words, a page for people, half an answer, none at all, no more requests (by a count of
   * none left, by Retry-After, or only in words), or a next page that is elsewhere.
   */
  readonly with:
    | { readonly status: number; readonly message?: string }
    | 'html'
    | 'half'
    | 'silence'
    | { readonly primary: number }
    | { readonly secondary: number | undefined }
    | { readonly next: string }
    | { readonly redirect: string }
    | { readonly change: (body: unknown) => unknown };
  /** How often; for ever when absent. */
  times?: number;
}

export class Faults {
  readonly #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push({ ...fault });
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** The first that matches, one time less of it. */
  take(request: string): Fault['with'] | undefined {
    const fault = this.#faults.find(({ on, times }) => on.test(request) && times !== 0);
    if (fault?.times !== undefined) fault.times--;
    return fault?.with;
  }
}
