import { readFile, writeFile } from 'node:fs/promises';
import {
  formatOwnerStatement,
  type OwnerWish,
  ownerNamespace,
  parseOwnerStatement,
} from '../../core/admission/owner-statement.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { signSsh } from '../../core/git/ssh-signature.ts';
import type { SignedText } from '../../core/model/admin-api.ts';

/** Signs a wish as an owner. */
export async function signWish(wish: OwnerWish, keyFile: string, clock: Clock): Promise<SignedText> {
  const { kind, repoId, branch, commit, from, tombstones } = wish;
  const signedAt = clock.now();
  const text = formatOwnerStatement({ version: 1, kind, repoId, branch, commit, from, tombstones, signedAt });
  return { text, signature: await signSsh(Buffer.from(text), ownerNamespace, keyFile) };
}

/** A wish that a gateway printed. */
export async function readWish(file: string, kind: OwnerWish['kind']): Promise<OwnerWish> {
  const value = (await readJson(file)) as Partial<OwnerWish>;
  const statement = parseOwnerStatement(formatOwnerStatement({ version: 1, signedAt: 0, ...(value as OwnerWish) }));
  if (statement?.kind === kind) return statement;
  throw new InputError('BadUsage', `${file} is not what a gateway prints for this`, {
    fix: `sluice gateway ${kind} COMMIT --format json > ${file}`,
    at: file,
  });
}

export async function readSigned(file: string): Promise<SignedText> {
  const value = (await readJson(file)) as Partial<SignedText>;
  if (typeof value?.text === 'string' && typeof value.signature === 'string' && parseOwnerStatement(value.text))
    return { text: value.text, signature: value.signature };
  throw new InputError('BadUsage', `${file} is no statement that an owner signed`, {
    fix: 'owners make one with --key and --out',
    at: file,
  });
}

export async function writeSigned(file: string, signed: SignedText): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(signed, undefined, 2)}\n`, { flag: 'wx' });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InputError('FileNotWritten', `${file} could not be written`, { why, at: file, cause });
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : ((cause as NodeJS.ErrnoException).code ?? 'unknown');
    throw new InputError('FileUnreadable', `${file} could not be read`, { why, at: file, cause });
  }
}
