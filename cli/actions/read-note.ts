import { createReadStream } from 'node:fs';
import { longestPeerEvidence } from '../../core/admission/peer-evidence.ts';
import { InputError } from '../../core/errors/sluice-error.ts';

/** A signed note of a file, or of standard input for `-`; no more of it is read than a gateway takes. */
export async function readNote(file: string): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of file === '-' ? process.stdin : createReadStream(file)) {
      const bytes = Buffer.from(part as Uint8Array);
      parts.push(bytes);
      length += bytes.length;
      if (length > longestPeerEvidence) break;
    }
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InputError('FileUnreadable', `${file} could not be read`, { why, at: file, cause });
  }
  if (length > longestPeerEvidence) {
    throw new InputError('FileUnreadable', `${file} is larger than a gateway takes`, {
      why: `it may have ${longestPeerEvidence} bytes`,
      at: file,
      fix: 'give it what sluice gateway evidence export printed',
    });
  }
  return Buffer.concat(parts).toString('utf8');
}
