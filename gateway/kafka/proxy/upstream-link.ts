import type { Socket } from 'node:net';
import { Framer } from '../../../core/bytes/framer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import { resetSocket } from '../../net/reset-socket.ts';

export interface LinkEvents {
  /** A whole answer, with its length prefix. */
  onFrame(frame: Buffer): void;
  /** The broker takes bytes again. */
  onDrain(): void;
  /** The connection is gone; called once. */
  onClosed(why: string): void;
}

const maxAnswer = 256 << 20;

/** The broker's side of one client connection, after its login. Frames in, chunks out, pauses in both directions. */
export class UpstreamLink {
  readonly #socket: Socket;
  readonly #framer = new Framer(maxAnswer);
  readonly #events: LinkEvents;
  #closed = false;

  constructor(socket: Socket, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => events.onDrain());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? 'error'));
    socket.on('close', () => this.#end('the broker closed the connection'));
    socket.resume();
  }

  /** More bytes wait than should; stop sending until onDrain. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  send(chunks: readonly Uint8Array[]): void {
    if (this.#closed) return;
    if (chunks.length === 1) {
      this.#socket.write(chunks[0]!);
      return;
    }
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  /** Ends at once; what was not handed to the kernel is not sent. */
  reset(): void {
    if (this.#closed) return;
    this.#closed = true;
    resetSocket(this.#socket);
  }

  #onData(chunk: Buffer): void {
    try {
      this.#framer.push(chunk, (frame) => {
        if (!this.#closed) this.#events.onFrame(frame);
        return !this.#closed;
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error.message);
    }
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.onClosed(why);
  }
}
