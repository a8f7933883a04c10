import { createPrivateKey, type KeyObject } from 'node:crypto';
import { InputError } from '../../errors/sluice-error.ts';

/** The private key of an app, from PEM as GitHub hands it out (PKCS#1) or as PKCS#8. */
export function readAppKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {} // what the parser says may quote the key
  throw new InputError('BadKey', 'the private key of the app is none', {
    why: 'it is no RSA key in PEM',
    fix: "download one on the app's page, and name that file",
  });
}
