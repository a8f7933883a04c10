import { hash } from 'node:crypto';
import { InputError } from '../errors/sluice-error.ts';

/** The gateway's key for the `hash` action. */
export interface MaskKeys {
  /** Short public name of the key, which each hash carries, so that a change of key is seen. */
  readonly kid: string;
  /** HMAC-SHA256 of a value in a domain: equal values in one domain have equal hashes, in two domains unrelated ones. */
  hash(domain: string, value: Uint8Array): string;
}

const shortest = 32;
const longestKid = 16;

/** Keys from at least 32 secret bytes. `kid` is 1 to 16 letters, digits and hyphens. */
export function maskKeys(kid: string, secret: Uint8Array): MaskKeys {
  if (secret.length < shortest) {
    throw new InputError('BadKey', 'the mask key is shorter than 32 bytes', {
      fix: 'make one with: openssl rand -out mask.key 32',
    });
  }
  if (kid === '' || kid.length > longestKid || ![...kid].every(isWord)) {
    throw new InputError('BadKey', 'the name of the mask key must be 1 to 16 letters, digits and hyphens');
  }
  const mac = hmac(secret);
  return {
    kid,
    hash: (domain, value) => `h1:${kid}:${mac(`sluice-mask-v1\0${domain}\0`, value).slice(0, 22)}`,
  };
}

const block = 64;

/**
 * HMAC-SHA256 (RFC 2104) of a text and a value after it, as base64url. Two one-shot hashes over buffers that are kept
 * take half the time of a Hmac object, which is made anew for each value.
 */
function hmac(secret: Uint8Array): (text: string, value: Uint8Array) => string {
  const key = secret.length > block ? hash('sha256', secret, 'buffer') : secret;
  const outer = Buffer.alloc(block + 32, 0x5c);
  let inner = Buffer.alloc(1024, 0x36);
  for (let i = 0; i < key.length; i++) {
    outer[i] = 0x5c ^ (key[i] as number);
    inner[i] = 0x36 ^ (key[i] as number);
  }
  return (text, value) => {
    const needed = block + text.length * 3 + value.length;
    if (inner.length < needed) {
      const larger = Buffer.alloc(needed * 2);
      inner.copy(larger, 0, 0, block);
      inner = larger;
    }
    let end = block + inner.write(text, block);
    inner.set(value, end);
    end += value.length;
    outer.write(hash('sha256', inner.subarray(0, end), 'hex'), block, 'hex');
    return hash('sha256', outer, 'base64url');
  };
}

function isWord(char: string): boolean {
  return (char >= '0' && char <= '9') || (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '-';
}
