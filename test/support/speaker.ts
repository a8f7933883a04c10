import { generateKeyPairSync } from 'node:crypto';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import { type NoteSigner, noteSigner } from '../../core/audit/signed-note.ts';

const speakers = new Map<string, NoteSigner>();

/** A gateway's name with a key of its own, the same one each time for a name. */
export function speakerOf(gateway: string): { readonly gateway: string; readonly signer: NoteSigner } {
  let signer = speakers.get(gateway);
  if (!signer) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    signer = noteSigner(logOrigin(gateway), pem.toString());
    speakers.set(gateway, signer);
  }
  return { gateway, signer };
}
