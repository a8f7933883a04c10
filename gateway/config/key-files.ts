import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import { type NoteSigner, noteSigner } from '../../core/audit/signed-note.ts';
import { InputError } from '../../core/errors/sluice-error.ts';

/**
 * The key that signs the recording's checkpoints. Made at the first start, with the verifier key beside it in a `.vkey`
 * file: that is what auditors pin.
 */
export async function recordingSigner(gateway: string, keyFile: string): Promise<NoteSigner> {
  if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeSecret(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  const signer = noteSigner(logOrigin(gateway), readSecret(keyFile).toString('utf8'));
  const [publicFile, text] = [`${keyFile}.vkey`, `${signer.vkey}\n`];
  // Written when it is another one only: somebody may be reading it.
  if (!existsSync(publicFile) || readFileSync(publicFile, 'utf8') !== text) await writeFile(publicFile, text);
  return signer;
}

/** The key of the `hash` mask action: at least 32 bytes, made at the first start. */
export async function maskKey(keyFile: string): Promise<Buffer> {
  if (!existsSync(keyFile)) await writeSecret(keyFile, randomBytes(32).toString('base64'));
  const key = readSecret(keyFile);
  if (key.length < 32) throw new InputError('BadKey', 'the mask key is shorter than 32 bytes', { at: keyFile });
  return key;
}

async function writeSecret(file: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode: 0o600, flag: 'wx' });
}

function readSecret(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new InputError('FileUnreadable', 'a key file could not be read', { at: file, cause });
  }
}
