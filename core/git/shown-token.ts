/**
 * Where the token comes from that another machine is shown, asked for before each use, since it may be rotated at any
 * time. `refused` is one that was just not taken: then another one, if there is one by now, else the same again.
 * undefined = none is shown.
 */
export type TokenSource = (refused?: string) => Promise<string | undefined>;

/**
 * Asks with the token of now. Where that is refused and there is another one by then, asks with that, once: a refused
 * question was not answered, so nothing is done twice.
 */
export async function withToken<T>(
  source: TokenSource | undefined,
  ask: (token: string | undefined) => Promise<T>,
  isRefusal: (error: unknown) => boolean,
): Promise<T> {
  const token = await source?.();
  try {
    return await ask(token);
  } catch (error) {
    if (!source || token === undefined || !isRefusal(error)) throw error;
    const other = await source(token);
    if (other === undefined || other === token) throw error;
    return await ask(other);
  }
}
