/**
 * A request/response client on one connection to a broker: what the gateway itself asks of brokers, and the login of
 * connections that later carry a client's traffic. Requests are pipelined; answers come in their order.
 */
import type { Socket } from 'node:net';
import { Cursor } from '../../../core/bytes/cursor.ts';
import { Framer } from '../../../core/bytes/framer.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import type { Clock, Timer } from '../../../core/clock/clock.ts';
import { BugError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { Api } from '../wire/api.ts';
import { framePrefix, writeRequestHeader } from '../wire/request-header.ts';
import { readResponseHeader } from '../wire/response-header.ts';
import { type Address, formatAddress } from './dial.ts';

/** What a connection needs besides its socket. */
export interface BrokerConnectionOptions {
  readonly clock: Clock;
  readonly address: Address;
  readonly clientId: string;
  /** Milliseconds for one answer; a broker that is late is given up with everything that waits. */
  readonly timeoutMs: number;
}

interface Pending {
  readonly correlationId: number;
  readonly answer: (frame: Buffer) => void;
  readonly fail: (error: UpstreamError) => void;
  readonly timer: Timer;
}

const maxAnswer = 100 * 1024 * 1024;

/** Takes over a connected socket until it is closed or detached; see the top of the file. */
export class BrokerConnection implements Disposable {
  readonly address: Address;
  /** Milliseconds after the last login at which the broker wants another; undefined where it never does. */
  sessionLifetimeMs: number | undefined;
  readonly #options: BrokerConnectionOptions;
  readonly #socket: Socket;
  readonly #framer = new Framer(maxAnswer);
  readonly #pending: Pending[] = [];
  #correlationId = 0;
  #lost: UpstreamError | undefined;

  /** Takes over a connected socket. */
  constructor(socket: Socket, options: BrokerConnectionOptions) {
    this.address = options.address;
    this.#options = options;
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** Sends a request and resolves with its answer; rejects with UpstreamError when the connection is lost first. */
  async request<Request, Response>(api: Api<Request, Response>, version: number, body: Request): Promise<Response> {
    if (this.#lost) throw this.#lost;
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff;
    const correlationId = this.#correlationId;
    const chunks = this.#encode(api, version, correlationId, body);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const answer = (frame: Buffer): void => {
      const c = new Cursor(frame, framePrefix);
      readResponseHeader(c, api.responseHeaderVersion(version));
      const response = api.readResponse(c, version);
      c.finish();
      resolve(response);
    };
    const late = (): void =>
      this.#lose('BrokerUnreachable', `no answer to ${api.name} in ${this.#options.timeoutMs} ms`);
    const timer = this.#options.clock.after(this.#options.timeoutMs, late);
    this.#pending.push({ correlationId, answer, fail: reject, timer });
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
    return await promise;
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#framer.push(chunk, (frame) => this.#onFrame(frame));
    } catch (cause) {
      this.#lose('BrokerRefused', 'its answer does not parse', cause);
    }
  };

  /** Gives the socket back, for a pump to go on with. Nothing may be waiting, in either direction. */
  detach(): Socket {
    if (this.#lost) throw this.#lost;
    if (this.#pending.length > 0 || this.#framer.buffered > 0) {
      throw new BugError('a broker connection was taken over while an answer was due');
    }
    this.#lost = this.#error('BrokerUnreachable', 'the connection was handed on');
    this.#socket.off('data', this.#onData);
    this.#socket.off('error', this.#onError);
    this.#socket.off('close', this.#onClose);
    this.#socket.pause();
    return this.#socket;
  }

  /** Ends the connection at once; what waits is rejected. */
  close(): void {
    this.#lose('BrokerUnreachable', 'the connection was closed');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #onError = (cause: Error): void =>
    this.#lose('BrokerUnreachable', 'code' in cause ? String(cause.code) : 'the connection failed', cause);

  readonly #onClose = (): void => this.#lose('BrokerUnreachable', 'the broker closed the connection');

  #onFrame(frame: Buffer): undefined {
    const pending = this.#pending.shift();
    if (!pending || frame.length < framePrefix + 4 || frame.readInt32BE(framePrefix) !== pending.correlationId) {
      if (pending) this.#pending.unshift(pending);
      this.#lose('BrokerRefused', 'its answer belongs to no request');
      return;
    }
    pending.timer.cancel();
    try {
      pending.answer(frame);
    } catch (cause) {
      pending.fail(this.#error('BrokerRefused', 'its answer does not parse', cause));
      this.#lose('BrokerRefused', 'its answer does not parse', cause);
    }
  }

  #encode<Request>(api: Api<Request, unknown>, version: number, correlationId: number, body: Request): Uint8Array[] {
    const w = new Writer();
    const length = w.reserveInt32();
    const header = { apiKey: api.key, apiVersion: version, correlationId, clientId: this.#options.clientId };
    writeRequestHeader(w, api.requestHeaderVersion(version), header);
    api.writeRequest(w, version, body);
    w.patchInt32(length, w.byteLength - framePrefix);
    return w.chunks();
  }

  #lose(code: 'BrokerUnreachable' | 'BrokerRefused', why: string, cause?: unknown): void {
    if (this.#lost) return;
    this.#lost = this.#error(code, why, cause);
    this.#socket.off('data', this.#onData);
    this.#socket.destroy();
    for (const pending of this.#pending.splice(0)) {
      pending.timer.cancel();
      pending.fail(this.#lost);
    }
  }

  #error(code: 'BrokerUnreachable' | 'BrokerRefused', why: string, cause?: unknown): UpstreamError {
    const at = formatAddress(this.address);
    return new UpstreamError(code, `the connection to the broker at ${at} is lost`, {
      why,
      at,
      retry: 'later',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
