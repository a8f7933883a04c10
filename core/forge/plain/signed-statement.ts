import type { ApprovalStatement, MergeStatement } from '../../admission/evidence.ts';
import { approvalNamespace, formatStatement, mergeNamespace } from '../../admission/statement-format.ts';
import { signSsh } from '../../git/ssh-signature.ts';

/** A statement with an SSH signature, as one line of a commit message: `<base64url statement>.<base64url signature>`. */
export interface SignedStatement {
  readonly text: string;
  readonly signature: string;
}

export const approvalTrailer = 'Sluice-Approval';
export const mergeTrailer = 'Sluice-Merge';
const mostTrailers = 64;

export async function signStatement(
  statement: ApprovalStatement | MergeStatement,
  keyFile: string,
): Promise<SignedStatement> {
  const text = formatStatement(statement);
  const namespace = 'verdict' in statement ? approvalNamespace : mergeNamespace;
  return { text, signature: await signSsh(Buffer.from(text), namespace, keyFile) };
}

export function packTrailer(name: string, { text, signature }: SignedStatement): string {
  return `${name}: ${Buffer.from(text).toString('base64url')}.${Buffer.from(signature).toString('base64url')}`;
}

/** The signed statements of one kind in a commit message; what does not parse is left out, as is all beyond a cap. */
export function unpackTrailers(name: string, message: string): readonly SignedStatement[] {
  const found: SignedStatement[] = [];
  for (const line of message.split('\n')) {
    if (found.length >= mostTrailers) break;
    const match = line.length < 32_768 ? /^([A-Za-z-]+): ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(line) : null;
    if (match?.[1] !== name) continue;
    found.push({
      text: Buffer.from(match[2]!, 'base64url').toString('utf8'),
      signature: Buffer.from(match[3]!, 'base64url').toString('utf8'),
    });
  }
  return found;
}
