import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { watch } from 'chokidar';
import { InputError } from '../../core/errors/sluice-error.ts';

/** A TLS server's certificate and key from PEM files, read again when they change; a bad new pair keeps the old one. */
export class ReloadingSecureContext implements AsyncDisposable {
  #current: SecureContext;
  readonly #watcher: ReturnType<typeof watch>;

  private constructor(certFile: string, keyFile: string, first: SecureContext, onReload: (error: unknown) => void) {
    this.#current = first;
    this.#watcher = watch([certFile, keyFile], { ignoreInitial: true, awaitWriteFinish: { stabilityThreshold: 200 } });
    this.#watcher.on('error', onReload);
    this.#watcher.on('all', () => {
      load(certFile, keyFile).then(
        (next) => {
          this.#current = next;
          onReload(undefined);
        },
        (error: unknown) => onReload(error),
      );
    });
  }

  static async open(
    certFile: string,
    keyFile: string,
    onReload: (error: unknown) => void,
  ): Promise<ReloadingSecureContext> {
    return new ReloadingSecureContext(certFile, keyFile, await load(certFile, keyFile), onReload);
  }

  get current(): SecureContext {
    return this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher.close();
  }
}

async function load(certFile: string, keyFile: string): Promise<SecureContext> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw new InputError('BadConfig', 'the TLS certificate or key cannot be used', {
      why: (cause as NodeJS.ErrnoException).code ?? 'the PEM files do not fit each other',
      at: `${certFile}, ${keyFile}`,
      cause,
    });
  }
}
