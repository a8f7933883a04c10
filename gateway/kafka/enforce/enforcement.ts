import type { TopicEntry } from '../../../core/audit/event.ts';
import { Cursor, maxClientStringLength } from '../../../core/bytes/cursor.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import type { AnyApi, Api } from '../wire/api.ts';
import type { FrameContext } from './context.ts';

/** Why a connection is closed instead of answered. `code` is one of core/errors or a word of the audit log. */
export interface Close {
  readonly kind: 'close';
  readonly code: 'UnknownApi' | 'UnsupportedVersion' | 'BadFrame' | 'DeniedWithoutReply' | 'Unmaskable';
  readonly why: string;
}

/** The names of these topics have to be asked of a broker; then the same frame is offered again, with `context.asked`. */
export interface Need {
  readonly kind: 'need';
  readonly topicIds: readonly string[];
}

/** What an enforcement decides about a request. Values, never exceptions; `pending` is plain data for the answer. */
export type RequestOutcome<Request, Response, Pending> =
  /** The same bytes go on. */
  | { readonly kind: 'forward'; readonly pending: Pending }
  /** Another body goes on, under the same header. */
  | { readonly kind: 'send'; readonly request: Request; readonly pending: Pending }
  /** Answered here, in turn. */
  | { readonly kind: 'reply'; readonly response: Response }
  | Need
  | Close;

export type ResponseOutcome<Response> =
  | { readonly kind: 'forward' }
  | { readonly kind: 'send'; readonly response: Response }
  | Need
  | Close;

/** The same with bodies as bytes, which is all that the connection sees. */
export type Outcome =
  | { readonly kind: 'forward'; readonly pending: unknown; readonly answered: boolean }
  | { readonly kind: 'send'; readonly body: Writer; readonly pending: unknown; readonly answered: boolean }
  | { readonly kind: 'reply'; readonly body: Writer }
  | Need
  | Close;
export type AnswerOutcome =
  | { readonly kind: 'forward' }
  | { readonly kind: 'send'; readonly body: Writer }
  | Need
  | Close;

/**
 * Reads a response's body while it arrives and says how much of it may go on to the client. It may make parts of the
 * view unreadable, never longer or shorter.
 */
export interface ResponseScan {
  /** The body was read to its end. */
  readonly done: boolean;
  /** Bytes of the view that were understood; the others are offered again with more. Throws ProtocolError. */
  scan(view: Buffer): number;
  /** Puts into the context what is to be recorded, when it is done. */
  record(context: FrameContext): void;
  /** What has come so far, for an answer that ends before it is done. */
  begun(): readonly TopicEntry[];
}

/** One API's rule: pure and synchronous. It never waits, never writes, and sees the world through its context only. */
export interface Enforcement {
  readonly api: AnyApi;
  /** Versions that clients may use; what lies outside is not advertised and not accepted. */
  readonly min: number;
  readonly max: number;
  onRequest(body: Buffer, version: number, context: FrameContext): Outcome;
  onResponse(body: Buffer, version: number, pending: unknown, context: FrameContext): AnswerOutcome;
  /** For a response that needs no change: reads it while it arrives. undefined where it has to be judged whole. */
  readonly stream?: StreamRule<unknown> | undefined;
  /** The connection ended before the answer came: puts into the context what is still to be recorded. */
  lost?(pending: unknown, context: FrameContext): void;
}

export type StreamRule<Pending> = (
  bodyLength: number,
  version: number,
  pending: Pending,
  context: FrameContext,
) => ResponseScan | undefined;

export interface Rule<Request, Response, Pending> {
  readonly min: number;
  readonly max: number;
  request(request: Request, version: number, context: FrameContext): RequestOutcome<Request, Response, Pending>;
  /** Left out: the answer goes on as it is. */
  response?(response: Response, version: number, pending: Pending, context: FrameContext): ResponseOutcome<Response>;
  /** Set where responses can be large. */
  readonly stream?: StreamRule<Pending>;
  /** Set where something is recorded with the answer only. */
  lost?(pending: Pending, context: FrameContext): void;
  /** False when the client gets no answer (Produce with acks=0). */
  answered?(request: Request): boolean;
}

/** Puts a typed rule behind an API's codec. */
export function enforcement<Request, Response, Pending = undefined>(
  api: Api<Request, Response>,
  rule: Rule<Request, Response, Pending>,
): Enforcement {
  return {
    api: api as AnyApi,
    min: rule.min,
    max: rule.max,
    stream: rule.stream as StreamRule<unknown> | undefined,
    lost: (pending, context) => rule.lost?.(pending as Pending, context),
    onRequest(bytes, version, context) {
      context.frameBytes = bytes.length;
      const cursor = new Cursor(bytes);
      cursor.longestString = maxClientStringLength;
      const request = api.readRequest(cursor, version);
      const decided = rule.request(request, version, context);
      // librdkafka sends bytes behind some bodies, which brokers overlook. What was not read here must not reach
      // somebody who might read on, so the request goes on without them.
      const rest = decided.kind === 'forward' && cursor.remaining > 0;
      const outcome = rest ? { kind: 'send' as const, request, pending: decided.pending } : decided;
      const answered = rule.answered?.(request) ?? true;
      switch (outcome.kind) {
        case 'forward':
          return { kind: 'forward', pending: outcome.pending, answered };
        case 'send': {
          const body = new Writer(Math.min(4096, bytes.length + 64));
          api.writeRequest(body, version, outcome.request);
          return { kind: 'send', body, pending: outcome.pending, answered };
        }
        case 'reply': {
          if (!answered) return { kind: 'close', code: 'DeniedWithoutReply', why: 'the request asks for no answer' };
          return { kind: 'reply', body: write(api, version, outcome.response) };
        }
        default:
          return outcome;
      }
    },
    onResponse(bytes, version, pending, context) {
      if (!rule.response) return unchanged;
      context.frameBytes = bytes.length;
      const outcome = rule.response(readWhole(bytes, version, api.readResponse), version, pending as Pending, context);
      return outcome.kind === 'send' ? { kind: 'send', body: write(api, version, outcome.response) } : outcome;
    },
  };
}

const unchanged = { kind: 'forward' } as const;

function readWhole<T>(bytes: Buffer, version: number, reader: (c: Cursor, v: number) => T): T {
  const cursor = new Cursor(bytes);
  const message = reader(cursor, version);
  cursor.finish(); // bytes that we do not see must not reach whoever reads further
  return message;
}

function write<Request, Response>(api: Api<Request, Response>, version: number, response: Response): Writer {
  const body = new Writer(512);
  api.writeResponse(body, version, response);
  return body;
}
