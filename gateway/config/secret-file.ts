import { readFile } from 'node:fs/promises';
import { InputError, SluiceError } from '../../core/errors/sluice-error.ts';

export interface SecretFileOptions {
  readonly file: string;
  /** Throws an InputError, which does not quote it, where a text is no such secret. */
  readonly check: (secret: string) => void;
  /** Told after each reading. `why` says what is wrong, without the secret. */
  readonly onRead: (why: string | undefined) => void;
}

/**
 * A secret in a file of its own, which may be replaced at any time: it is read for each use, and that is what it is
 * there for, so a use never waits for a round or a restart. While the file is missing, empty or half written, the last
 * secret that was read goes on.
 */
export class SecretFile {
  readonly #options: SecretFileOptions;
  #last: string | undefined;

  constructor(options: SecretFileOptions) {
    this.#options = options;
  }

  /** Throws an InputError only where there was no good secret before. */
  async read(): Promise<string> {
    const { file, check, onRead } = this.#options;
    try {
      const secret = await textOf(file);
      if (secret !== this.#last) check(secret);
      this.#last = secret;
      onRead(undefined);
      return secret;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const why = error.why ?? error.message;
      onRead(this.#last === undefined ? why : `${why}; the one that was read before is used`);
      if (this.#last === undefined) throw error;
      return this.#last;
    }
  }
}

/** Without the line end that editors leave. */
async function textOf(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    const why = `it could not be read (${code})`;
    throw new InputError('FileUnreadable', `the secret in ${file} could not be read`, { why, at: file, cause });
  }
  if (text !== '') return text;
  throw new InputError('FileUnreadable', `there is no secret in ${file}`, { why: 'it is empty', at: file });
}
