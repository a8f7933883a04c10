import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Makes an Ed25519 key pair with ssh-keygen at `path`; returns the private key's path and the public key line. */
export function sshKey(path: string): { file: string; key: string } {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  return { file: path, key: readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ') };
}
