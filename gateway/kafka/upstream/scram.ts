/**
 * SCRAM-SHA-256 and -512 (RFC 5802, 7677) as Kafka speaks it, the client's half: messages in, messages out.
 *
 *   client-first = n,,n=<user>,r=<nonce>           server-first = r=<nonce+>,s=<salt>,i=<iterations>
 *   client-final = c=biws,r=<nonce+>,p=<proof>     server-final = v=<signature> | e=<error>
 *
 * Kafka prepares neither user nor password (no SASLprep), and takes no user name beyond ASCII. The iteration count is bounded on both sides: below 4096 a
 * broker would weaken the proof, above 16384 it would keep the gateway busy.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';

/** As they are called in SaslHandshake. */
export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** The iteration counts that brokers accept and that we answer. */
export const scramIterations = { min: 4096, max: 16_384 } as const;

const derive = promisify(pbkdf2);

/** Hash name of Node's crypto and length of its output in bytes. */
const hashes = {
  'SCRAM-SHA-256': { hash: 'sha256', size: 32 },
  'SCRAM-SHA-512': { hash: 'sha512', size: 64 },
} as const;

/** The first message, and its part that is signed later. */
export interface ClientFirst {
  readonly message: string;
  readonly bare: string;
  readonly nonce: string;
}

/** The last message, and what the broker has to prove in return. */
export interface ClientFinal {
  readonly message: string;
  readonly serverSignature: Buffer;
}

/** PBKDF2 with the mechanism's hash: what a broker stores of a password, and what a proof is made with. */
export function saltedPassword(
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  const { hash, size } = hashes[mechanism];
  return derive(password, salt, iterations, size, hash);
}

/** `nonce` is printable ASCII without commas, from a random source. */
export function clientFirst(user: string, nonce: string): ClientFirst {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const bare = `n=${name},r=${nonce}`;
  return { message: `n,,${bare}`, bare, nonce };
}

/** Rejects with UpstreamError('BrokerRefused') where the broker's message is not one that may be answered. */
export async function clientFinal(
  mechanism: ScramMechanism,
  password: string,
  first: ClientFirst,
  serverFirst: string,
): Promise<ClientFinal> {
  const { nonce, salt, iterations } = readServerFirst(first, serverFirst);
  const salted = await saltedPassword(mechanism, password, salt, iterations);
  const { hash } = hashes[mechanism];
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  const storedKey = createHash(hash).update(clientKey).digest();
  const withoutProof = `c=biws,r=${nonce}`;
  const signed = `${first.bare},${serverFirst},${withoutProof}`;
  const signature = createHmac(hash, storedKey).update(signed).digest();
  const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
  const serverKey = createHmac(hash, salted).update('Server Key').digest();
  return {
    message: `${withoutProof},p=${Buffer.from(proof).toString('base64')}`,
    serverSignature: createHmac(hash, serverKey).update(signed).digest(),
  };
}

/** Throws UpstreamError('BrokerRefused') unless the broker proves that it knows the password too. */
export function checkServerFinal(expected: Uint8Array, serverFinal: string): void {
  const signature = Buffer.from(/^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(serverFinal)?.[1] ?? '', 'base64');
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw refused('it did not prove that it knows the password');
  }
}

function readServerFirst(first: ClientFirst, message: string): { nonce: string; salt: Buffer; iterations: number } {
  const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,|$)/.exec(message);
  if (!match) throw refused('its first message is not one of SCRAM');
  const [nonce, salt, iterations] = [match[1]!, Buffer.from(match[2]!, 'base64'), Number(match[3])];
  if (!nonce.startsWith(first.nonce) || nonce.length === first.nonce.length) {
    throw refused('its nonce does not extend ours');
  }
  if (iterations < scramIterations.min || iterations > scramIterations.max) {
    throw refused(`it asks for ${iterations} iterations`);
  }
  return { nonce, salt, iterations };
}

function refused(why: string): UpstreamError {
  return new UpstreamError('BrokerRefused', 'the SCRAM exchange with the broker failed', { why });
}
