import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { InputError } from '../errors/sluice-error.ts';

/**
 * C2SP signed-note with Ed25519:
 *
 *     <text, each line ended by a newline>
 *     <empty line>
 *     — <key name> <base64 of 4-byte key id ‖ 64-byte signature over the text>
 *
 * A verifier key is written `<key name>+<8 hex of key id>+<base64 of 0x01 ‖ 32-byte public key>`, where the key id is
 * the start of SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ public key).
 */

export interface NoteSigner {
  readonly name: string;
  /** The verifier key, to be given to whoever will verify. */
  readonly vkey: string;
  sign(text: string): string;
}

export interface NoteVerifier {
  readonly name: string;
  readonly vkey: string;
  readonly id: string;
  readonly key: KeyObject;
}

const ed25519 = 1;

/** A signer from a PEM private key. The name must be the origin of the logs it signs, or a path above them. */
export function noteSigner(name: string, pem: string): NoteSigner {
  checkName(name);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new InputError('BadKey', 'the recording key is not a PEM private key', { fix: keyFix });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new InputError('BadKey', 'the recording key is not an Ed25519 key', { fix: keyFix });
  }
  const raw = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x as string, 'base64url');
  const id = keyId(name, raw);
  return {
    name,
    vkey: `${name}+${id}+${Buffer.concat([Buffer.of(ed25519), raw]).toString('base64')}`,
    sign: (text) => {
      const signature = Buffer.concat([Buffer.from(id, 'hex'), sign(null, Buffer.from(text), key)]);
      return `${text}\n— ${name} ${signature.toString('base64')}\n`;
    },
  };
}

/** Reads a verifier key; its key id must be the one of its name and key. */
export function noteVerifier(vkey: string): NoteVerifier {
  const text = vkey.trim();
  const [name, id, encoded] = splitKey(text);
  const bytes = Buffer.from(encoded, 'base64');
  const raw = bytes.subarray(1);
  if (bytes.length !== 33 || bytes[0] !== ed25519 || bytes.toString('base64') !== encoded || keyId(name, raw) !== id) {
    throw new InputError('BadKey', 'the verifier key is damaged, or not of an Ed25519 key');
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return { name, vkey: text, id, key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

export type OpenedNote =
  | { readonly kind: 'signed'; readonly text: string; readonly by: NoteVerifier }
  | { readonly kind: 'malformed' | 'unknownKey' | 'badSignature' };

/**
 * The text of a note when one of the given keys signed it. A wrong signature by a known key refuses the note. `longest`:
 * characters that it may have.
 */
export function openNote(note: string, keys: readonly NoteVerifier[], longest = 100_000): OpenedNote {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n') || note.length > longest) return { kind: 'malformed' };
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > 16) return { kind: 'malformed' };
  let by: NoteVerifier | undefined;
  for (const line of lines) {
    const [dash, name, encoded, ...rest] = line.split(' ');
    if (dash !== '—' || !name || !encoded || rest.length > 0) return { kind: 'malformed' };
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length < 5 || bytes.toString('base64') !== encoded) return { kind: 'malformed' };
    const id = bytes.subarray(0, 4).toString('hex');
    const key = keys.find((k) => k.name === name && k.id === id);
    if (!key) continue;
    if (!verify(null, Buffer.from(text), key.key, bytes.subarray(4))) return { kind: 'badSignature' };
    by ??= key;
  }
  return by ? { kind: 'signed', text, by } : { kind: 'unknownKey' };
}

const keyFix = 'make one with: openssl genpkey -algorithm ed25519 -out recording.pem';

function splitKey(vkey: string): [name: string, id: string, encoded: string] {
  const first = vkey.indexOf('+');
  const second = vkey.indexOf('+', first + 1);
  if (first < 1 || second < 0) {
    throw new InputError('BadKey', 'a verifier key looks like name+12345678+base64', {
      fix: 'take the line that the gateway printed at its start, or that its owner published',
    });
  }
  const name = vkey.slice(0, first);
  checkName(name);
  return [name, vkey.slice(first + 1, second), vkey.slice(second + 1)];
}

function checkName(name: string): void {
  for (const char of name) {
    if (char === '+' || char <= ' ' || char.trim() === '') {
      throw new InputError('BadKey', 'a key name must be without spaces and plus signs');
    }
  }
  if (name === '') throw new InputError('BadKey', 'a key name must not be empty');
}

function keyId(name: string, raw: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), raw]), 'hex').slice(0, 8);
}
