import { createHmac } from 'node:crypto';
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
  const key = Buffer.from(secret);
  return {
    kid,
    hash: (domain, value) => {
      const mac = createHmac('sha256', key).update(`sluice-mask-v1\0${domain}\0`).update(value).digest('base64url');
      return `h1:${kid}:${mac.slice(0, 22)}`;
    },
  };
}

function isWord(char: string): boolean {
  return (char >= '0' && char <= '9') || (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '-';
}
