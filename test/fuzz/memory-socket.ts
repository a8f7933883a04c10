import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** One end of a connection in memory: what is written to it is handed on at once, what it is to read is pushed. */
export class MemorySocket extends Duplex {
  readonly #onWritten: (chunk: Buffer) => void;

  constructor(onWritten: (chunk: Buffer) => void) {
    super({ allowHalfOpen: true });
    this.#onWritten = onWritten;
  }

  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#onWritten(chunk);
    done();
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  setTimeout(): this {
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }
}
