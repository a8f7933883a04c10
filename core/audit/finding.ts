/** Something that a check of a recording found. */
export interface Finding {
  /** Stable word. */
  readonly code: FindingCode;
  readonly severity: 'tampered' | 'incomplete' | 'note';
  readonly message: string;
  /** `file:line`, or the file or folder. */
  readonly at: string;
}

/** What each finding means for the recording: bytes are not what was written, something is not there, or neither. */
export const findingCodes = {
  'nothing-recorded': 'incomplete',
  'line-malformed': 'tampered',
  'chain-broken': 'tampered',
  'seq-wrong': 'tampered',
  'segment-start': 'tampered',
  'segment-overlap': 'tampered',
  'root-mismatch': 'tampered',
  'checkpoint-malformed': 'tampered',
  'checkpoint-unknown-key': 'tampered',
  'checkpoint-bad-signature': 'tampered',
  'checkpoint-foreign-origin': 'tampered',
  'log-cut': 'tampered',
  'same-log-twice': 'tampered',
  'head-missing': 'incomplete',
  'segment-missing': 'incomplete',
  'log-missing': 'incomplete',
  'note-missing': 'incomplete',
  'torn-line': 'incomplete',
  'unsigned-tail': 'incomplete',
  'session-unbalanced': 'incomplete',
  killed: 'note',
  'session-killed': 'note',
  'not-stopped': 'note',
  'session-open': 'note',
} as const satisfies Record<string, Finding['severity']>;

export type FindingCode = keyof typeof findingCodes;

export type Outcome = 'whole' | 'tampered' | 'incomplete';

/** Collects findings, at most `limit` of them with their text, and the outcome that all of them make. */
export class Findings {
  readonly #list: Finding[] = [];
  readonly #limit: number;
  #outcome: Outcome = 'whole';
  #more = 0;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  add(code: FindingCode, at: string, message: string): void {
    const severity = findingCodes[code];
    if (severity === 'tampered') this.#outcome = 'tampered';
    else if (severity === 'incomplete' && this.#outcome === 'whole') this.#outcome = 'incomplete';
    if (this.#list.length < this.#limit) this.#list.push({ code, severity, message, at });
    else this.#more++;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get list(): readonly Finding[] {
    return this.#list;
  }

  /** Findings beyond the limit. */
  get more(): number {
    return this.#more;
  }
}
