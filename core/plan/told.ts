/** Which rules were told of already, with which claims: with more claims they are nothing new. */
export class Told {
  readonly #claims = new Map<string, (readonly string[])[]>();

  has(id: string, claims: readonly string[]): boolean {
    return this.#claims.get(id)?.some((known) => known.every((claim) => claims.includes(claim))) ?? false;
  }

  add(id: string, claims: readonly string[]): void {
    this.#claims.set(id, [...(this.#claims.get(id) ?? []), claims]);
  }
}
