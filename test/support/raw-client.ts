/** A Kafka client of raw frames: what it sends is a test's own, what it gets is read by the generated codec. */
import { connect, type Socket } from 'node:net';
import { Cursor } from '../../core/bytes/cursor.ts';
import { Framer } from '../../core/bytes/framer.ts';
import { Writer } from '../../core/bytes/writer.ts';
import type { Api } from '../../gateway/kafka/wire/api.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { writeRequestHeader } from '../../gateway/kafka/wire/request-header.ts';
import { readResponseHeader } from '../../gateway/kafka/wire/response-header.ts';

/** A whole request frame. */
export function requestFrame<Request>(
  api: Api<Request, unknown>,
  version: number,
  body: Request,
  correlationId = 1,
  clientId = 'raw',
): Buffer {
  const w = new Writer();
  const length = w.reserveInt32();
  const header = { apiKey: api.key, apiVersion: version, correlationId, clientId };
  writeRequestHeader(w, api.requestHeaderVersion(version), header);
  api.writeRequest(w, version, body);
  w.patchInt32(length, w.byteLength - 4);
  return w.toBuffer();
}

/** Reads an answer to its last byte. */
export function readAnswer<Response>(
  api: Api<never, Response> | Api<unknown, Response>,
  version: number,
  frame: Buffer,
): {
  correlationId: number;
  body: Response;
} {
  const cursor = new Cursor(frame, 4);
  const correlationId = readResponseHeader(cursor, api.responseHeaderVersion(version));
  const body = api.readResponse(cursor, version);
  cursor.finish();
  return { correlationId, body };
}

/** A connection; disposing of it ends it. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #frames: Buffer[] = [];
  readonly #waiting: { resolve: (frame: Buffer) => void; reject: (error: unknown) => void }[] = [];
  readonly #framer = new Framer(256 << 20);
  bytes = 0;
  /** How it ended: 'end', or the code of the error; undefined while it is open. */
  closed: string | undefined;
  readonly #gone = Promise.withResolvers<string>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#framer.push(chunk, (frame) => {
        const copy = Buffer.from(frame);
        const waiter = this.#waiting.shift();
        if (waiter) waiter.resolve(copy);
        else this.#frames.push(copy);
        return undefined;
      });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('close', () => this.#end('end'));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The next frame; rejects when the connection ends first. */
  frame(): Promise<Buffer> {
    const frame = this.#frames.shift();
    if (frame) return Promise.resolve(frame);
    if (this.closed !== undefined) return Promise.reject(new TypeError(`closed: ${this.closed}`));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async answer<Response>(api: Api<never, Response> | Api<unknown, Response>, version: number): Promise<Response> {
    return readAnswer(api, version, await this.frame()).body;
  }

  /** Asks and reads the answer. */
  async ask<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    body: Request,
    correlationId = 1,
  ): Promise<Response> {
    this.send(requestFrame(api, version, body, correlationId));
    return await this.answer(api as Api<never, Response>, version);
  }

  /** Frames that came and nobody asked for yet. */
  get unread(): number {
    return this.#frames.length;
  }

  /** How the connection ended. */
  ended(): Promise<string> {
    return this.#gone.promise;
  }

  async login(token: string, user = 'alice'): Promise<void> {
    await this.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
    const { errorCode } = await this.ask(apis.SaslAuthenticate, 2, { authBytes: Buffer.from(`\0${user}\0${token}`) });
    if (errorCode !== 0) throw new TypeError(`the login was refused with ${errorCode}`);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #end(how: string): void {
    this.closed ??= how;
    this.#gone.resolve(this.closed);
    for (const { reject } of this.#waiting.splice(0)) reject(new TypeError(`closed: ${how}`));
  }
}
