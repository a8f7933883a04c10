import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, SourceError } from '../errors/sluice-error.ts';

/** A key whose signatures may count, and the name under which they do. */
export interface AllowedKey {
  readonly name: string;
  /** `type base64`, one line. */
  readonly key: string;
}

const keyLine =
  /^(ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|rsa-sha2-(?:256|512)|ssh-rsa|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,2}$/;

/** A line with a newline or options in it could smuggle in a signer that matches everybody: only `type base64` passes. */
export function isPlainKey(key: string): boolean {
  return keyLine.test(key);
}

/**
 * Checks an armoured SSH signature (PROTOCOL.sshsig) with `ssh-keygen -Y verify`.
 * Returns the name of the allowed key that made it, or undefined when none of them did.
 */
export async function verifySsh(
  payload: Uint8Array,
  signature: string,
  namespace: string,
  allowed: readonly AllowedKey[],
): Promise<string | undefined> {
  const keys = allowed.filter((entry) => isPlainKey(entry.key));
  if (keys.length === 0 || signature.length > 16_384 || !signature.startsWith('-----BEGIN SSH SIGNATURE-----')) {
    return undefined;
  }
  const dir = await mkdtemp(join(tmpdir(), 'sluice-verify-'));
  try {
    // Principals in the file are our own numbers, so that no name from YAML is ever parsed by ssh-keygen.
    const signers = keys.map((entry, i) => `k${i} namespaces="${namespace}" ${entry.key}\n`).join('');
    await writeFile(join(dir, 'signers'), signers);
    await writeFile(join(dir, 'sig'), signature);
    const found = await sshKeygen(
      ['-Y', 'find-principals', '-s', join(dir, 'sig'), '-f', join(dir, 'signers')],
      undefined,
    );
    for (const principal of found.code === 0 ? found.stdout.split('\n').map((line) => line.trim()) : []) {
      const entry = /^k\d+$/.test(principal) ? keys[Number(principal.slice(1))] : undefined;
      if (!entry) continue;
      const args = [
        '-Y',
        'verify',
        '-f',
        join(dir, 'signers'),
        '-I',
        principal,
        '-n',
        namespace,
        '-s',
        join(dir, 'sig'),
      ];
      if ((await sshKeygen(args, payload)).code === 0) return entry.name;
    }
    return undefined;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Signs with a private key file (or a public one whose private half is in the agent): an armoured SSH signature. */
export async function signSsh(payload: Uint8Array, namespace: string, keyFile: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sign-'));
  try {
    const file = join(dir, randomUUID());
    await writeFile(file, payload);
    const run = await sshKeygen(['-Y', 'sign', '-q', '-f', keyFile, '-n', namespace, file], undefined);
    if (run.code !== 0) {
      throw new InputError('BadKey', `ssh-keygen could not sign with ${keyFile}`, {
        why: run.stderr.split('\n')[0]?.slice(0, 200) ?? '',
        fix: 'give the path of an SSH private key that is not encrypted, or of a public key whose private half is in ssh-agent',
      });
    }
    return await readFile(`${file}.sig`, 'utf8');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The public half of a private key file, `type base64`. */
export async function publicKeyOf(keyFile: string): Promise<string> {
  const run = await sshKeygen(['-y', '-P', '', '-f', keyFile], undefined);
  const key = run.stdout.trim().split(' ').slice(0, 2).join(' ');
  if (run.code !== 0 || !isPlainKey(key)) {
    throw new InputError('BadKey', `${keyFile} is not an SSH private key that can be used`, {
      why: run.stderr.split('\n')[0]?.slice(0, 200) ?? '',
    });
  }
  return key;
}

function sshKeygen(
  args: string[],
  input: Uint8Array | undefined,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh-keygen', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdin.on('error', () => {}); // it may leave before it has read all
    child.on('error', (cause) =>
      reject(
        new SourceError('GitFailed', 'ssh-keygen could not be started', {
          fix: 'install OpenSSH: signatures are made and checked with ssh-keygen',
          cause,
        }),
      ),
    );
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.end(input);
  });
}
