import { InputError } from '../../errors/sluice-error.ts';
import type { TokenSource } from '../../git/shown-token.ts';

/** What is wrong with a token, without it; undefined when it can be sent. */
export function flawOfToken(token: string): string | undefined {
  if (/^[\x21-\x7e]+$/.test(token)) return undefined;
  return 'it is empty or has a space, a line end or another character that no token has';
}

/** The token for a forge, given once or asked for each time: one that is none is refused, at once where it is given. */
export function checkedToken(token: string | TokenSource | undefined, host: string): TokenSource | undefined {
  if (typeof token !== 'function') {
    assertToken(token, host);
    return token === undefined ? undefined : async () => token;
  }
  return async (refused) => {
    const now = await token(refused);
    assertToken(now, host);
    return now;
  };
}

function assertToken(token: string | undefined, host: string): void {
  const why = token === undefined ? undefined : flawOfToken(token);
  if (why === undefined) return;
  throw new InputError('BadConfig', `the token for ${host} is none`, {
    why,
    fix: 'put the token alone where it is read from',
  });
}
