import canonicalize from 'canonicalize';
import { type PeerEvidence, validatePeerEvidence } from '../schema/peer-evidence.ts';

export type { PeerEvidence };

/** First line of the text: what is signed with the key of checkpoints can be nothing else, and no checkpoint this. */
const heading = 'sluice.dev/evidence/v1';

/** Most characters of a note that is taken. */
export const longestPeerEvidence = 4 << 20;

/** The text that is signed: the heading, and one line of canonical JSON (RFC 8785). */
export function formatPeerEvidence(said: PeerEvidence): string {
  return `${heading}\n${canonicalize(said) ?? ''}\n`;
}

/** Reads it back; undefined when it is anything else. */
export function parsePeerEvidence(text: string): PeerEvidence | undefined {
  const [first, json, end, ...rest] = text.split('\n');
  if (first !== heading || json === undefined || end !== '' || rest.length > 0) return undefined;
  try {
    const said: unknown = JSON.parse(json);
    return validatePeerEvidence(said) ? said : undefined;
  } catch {
    return undefined;
  }
}
