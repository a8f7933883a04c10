import type { FindingCode, Findings } from './finding.ts';

/** Follows which sessions are open while a log is read. Holds only the open ones. */
export class SessionBalance {
  readonly #findings: Findings;
  readonly #open = new Map<string, string>();
  #seen = 0;
  /** True while lines before the first one read are missing: a close without an open is no surprise then. */
  headMissing = false;
  #stopped = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Sessions opened so far. */
  get seen(): number {
    return this.#seen;
  }

  /** True when the last event said that the gateway stops. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get open(): number {
    return this.#open.size;
  }

  event(kind: string, sid: unknown, at: string, event: Readonly<Record<string, unknown>>): void {
    this.#stopped = kind === 'stop';
    if (kind === 'start') {
      if (event['clean'] === false) this.#findings.add('killed', at, 'the gateway was killed before this line');
      // The signed start line says that it was killed, which ended its sessions; nobody was left to write that down.
      if (event['clean'] === false) this.#unclosed('session-killed', 'ended when the gateway was killed');
      else this.#unclosed('session-unbalanced', 'was still open when the gateway ended');
    } else if (kind === 'session_open' && typeof sid === 'string') {
      if (this.#open.has(sid)) this.#findings.add('session-unbalanced', at, `session ${sid} is opened twice`);
      this.#open.set(sid, at);
      this.#seen++;
    } else if (kind === 'session_close' && typeof sid === 'string') {
      if (!this.#open.delete(sid) && !this.headMissing) {
        this.#findings.add('session-unbalanced', at, `session ${sid} is closed but was never opened`);
      }
    }
  }

  /** The log has ended here. */
  end(): void {
    if (this.#stopped)
      this.#unclosed('session-unbalanced', 'was never closed, though the gateway was stopped in order');
    for (const [sid, at] of this.#open) this.#findings.add('session-open', at, `session ${sid} is still open`);
  }

  #unclosed(code: FindingCode, what: string): void {
    for (const [sid, at] of this.#open) this.#findings.add(code, at, `session ${sid} ${what}`);
    this.#open.clear();
  }
}
