/** What one Kafka API is to the rest of Sluice: its key, its versions, and how its messages are read and written. */
import type { Cursor } from '../../../core/bytes/cursor.ts';
import type { Writer } from '../../../core/bytes/writer.ts';

/** One API: facts of its definition and the codec of its messages, whose version is always handed in. */
export interface Api<Request, Response> {
  readonly key: number;
  readonly name: string;
  /** Lowest and highest version of the definitions; an unstable highest one is left out. */
  readonly min: number;
  readonly max: number;
  /** First version with compact types and tagged fields; Infinity when there is none. */
  readonly flexibleFrom: number;
  /** 1, or 2 where a request's header ends with tagged fields. */
  requestHeaderVersion(v: number): 1 | 2;
  /** 0, or 1 where a response's header ends with tagged fields. */
  responseHeaderVersion(v: number): 0 | 1;
  readRequest(c: Cursor, v: number): Request;
  writeRequest(w: Writer, v: number, message: Request): void;
  readResponse(c: Cursor, v: number): Response;
  writeResponse(w: Writer, v: number, message: Response): void;
}

/** Any API, where its messages are only handed through. */
export type AnyApi = Api<unknown, unknown>;

/** The message types of an API. */
export type RequestOf<A> = A extends Api<infer Request, infer _> ? Request : never;
/** As RequestOf, for the answer. */
export type ResponseOf<A> = A extends Api<infer _, infer Response> ? Response : never;

const apiVersionsKey = 18;

/** Makes the entry of the generated registry. */
export function defineApi<Request, Response>(
  facts: Pick<Api<Request, Response>, 'key' | 'name' | 'min' | 'max' | 'flexibleFrom'>,
  codec: Pick<Api<Request, Response>, 'readRequest' | 'writeRequest' | 'readResponse' | 'writeResponse'>,
): Api<Request, Response> {
  return {
    ...facts,
    ...codec,
    requestHeaderVersion: (v) => (v >= facts.flexibleFrom ? 2 : 1),
    // A client that asks for the versions cannot know yet whether the broker speaks flexible headers.
    responseHeaderVersion: (v) => (v >= facts.flexibleFrom && facts.key !== apiVersionsKey ? 1 : 0),
  };
}
