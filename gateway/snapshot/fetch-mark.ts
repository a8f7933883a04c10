import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant, parseInstant } from '../../core/clock/instant.ts';

const every = 60_000;

/**
 * When the policy repo was last read, kept in a file so that a restart does not start the count of staleness anew.
 * Written once a minute at most: after a restart the repo looks up to a minute older than it is, never younger.
 */
export class FetchMark {
  readonly #file: string;
  #written: number | undefined;

  constructor(dir: string) {
    this.#file = join(dir, 'last-fetch');
    this.#written = read(this.#file);
  }

  /** Epoch ms; undefined when there is no readable mark. */
  get last(): number | undefined {
    return this.#written;
  }

  /** Resolves when it is written or need not be. Rejects when the disk fails. */
  async set(now: number): Promise<void> {
    if (this.#written !== undefined && now >= this.#written && now - this.#written < every) return;
    this.#written = now;
    const draft = `${this.#file}.draft`;
    await writeFile(draft, `${formatInstant(now)}\n`, { mode: 0o600 });
    await rename(draft, this.#file);
  }
}

function read(file: string): number | undefined {
  try {
    return parseInstant(readFileSync(file, 'utf8').trim());
  } catch {
    return undefined;
  }
}
