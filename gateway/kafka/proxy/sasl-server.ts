import { Cursor } from '../../../core/bytes/cursor.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { ApiKey, apis } from '../wire/generated/apis.ts';
import type { defaultSaslAuthenticateResponse } from '../wire/generated/sasl-authenticate.ts';
import { defaultSaslHandshakeResponse } from '../wire/generated/sasl-handshake.ts';

export type Mechanism = 'OAUTHBEARER' | 'PLAIN';
const mechanisms: readonly Mechanism[] = ['OAUTHBEARER', 'PLAIN'];

/** A client's words, taken apart. The token is a secret: it goes to the verifier and nowhere else. */
export interface Credentials {
  readonly mechanism: Mechanism;
  readonly token: string;
  /** PLAIN: the user name besides the token. */
  readonly user: string | undefined;
}

export type SaslStep =
  /** Answer with this body. */
  | { readonly kind: 'reply'; readonly body: Writer }
  /** Answer, then close. */
  | { readonly kind: 'refuse'; readonly body: Writer | undefined; readonly why: string }
  /** Have these checked, then call `accepted` or `refused`. */
  | { readonly kind: 'check'; readonly credentials: Credentials }
  | { readonly kind: 'close'; readonly why: string };

/** How the client frames its tokens: in SaslAuthenticate requests, or bare (after a SaslHandshake of version 0). */
type Framing = { readonly kind: 'request'; readonly version: number } | { readonly kind: 'bare' };

/**
 * The server's side of SASL, as KafkaServer's SaslServerAuthenticator speaks it: handshake, then one token. Bytes in,
 * steps out; it checks nothing itself. RFC 7628 says how OAUTHBEARER refuses: error 0 with a JSON challenge, the
 * client answers with one byte 0x01, and only then gets the failure.
 */
export class SaslServer {
  #state: 'handshake' | 'token' | 'checking' | 'challenged' | 'done' = 'handshake';
  #mechanism: Mechanism = 'PLAIN';
  #framing: Framing = { kind: 'bare' };

  /** The next frame is a bare token without a Kafka header. */
  get expectsBareToken(): boolean {
    return this.#state === 'token' && this.#framing.kind === 'bare';
  }

  /** The mechanism that was agreed on. */
  get mechanism(): Mechanism {
    return this.#mechanism;
  }

  handshake(version: number, body: Buffer): SaslStep {
    if (this.#state !== 'handshake' || version > 1) return { kind: 'close', why: 'SaslHandshake out of order' };
    const { mechanism } = apis.SaslHandshake.readRequest(new Cursor(body), version);
    const known = mechanisms.find((name) => name === mechanism);
    const answer = new Writer(64);
    apis.SaslHandshake.writeResponse(answer, version, {
      ...defaultSaslHandshakeResponse,
      errorCode: known ? KafkaError.none : KafkaError.unsupportedSaslMechanism,
      mechanisms,
    });
    if (!known) return { kind: 'refuse', body: answer, why: 'mechanism not offered' };
    this.#mechanism = known;
    this.#state = 'token';
    this.#framing = version === 0 ? { kind: 'bare' } : { kind: 'request', version: 0 };
    return { kind: 'reply', body: answer };
  }

  /** A SaslAuthenticate request. */
  authenticate(version: number, body: Buffer): SaslStep {
    if (version > 2 || this.#framing.kind === 'bare') return { kind: 'close', why: 'SaslAuthenticate out of order' };
    this.#framing = { kind: 'request', version };
    return this.#token(Buffer.from(apis.SaslAuthenticate.readRequest(new Cursor(body), version).authBytes));
  }

  /** A token frame without a header. */
  bareToken(bytes: Buffer): SaslStep {
    return this.#token(bytes);
  }

  /** The credentials hold. `lifetime` in ms, told to clients that know the field. */
  accepted(lifetime: number): Writer {
    this.#state = 'done';
    return this.#answer({
      errorCode: KafkaError.none,
      errorMessage: null,
      authBytes: empty,
      sessionLifetimeMs: BigInt(Math.max(0, Math.floor(lifetime))),
    });
  }

  /** The credentials definitely do not hold. `message` is shown to the user. */
  refused(message: string): SaslStep {
    if (this.#mechanism === 'OAUTHBEARER') {
      this.#state = 'challenged';
      const authBytes = Buffer.from(JSON.stringify({ status: 'invalid_token' }));
      return {
        kind: 'reply',
        body: this.#answer({ errorCode: KafkaError.none, errorMessage: null, authBytes, sessionLifetimeMs: 0n }),
      };
    }
    return this.#fail(message);
  }

  /** Ready for a re-authentication (KIP-368). */
  reset(): void {
    this.#state = 'handshake';
  }

  #token(bytes: Buffer): SaslStep {
    if (this.#state === 'challenged') return this.#fail('the token was refused');
    if (this.#state !== 'token') return { kind: 'close', why: 'a SASL token out of order' };
    const credentials = this.#mechanism === 'PLAIN' ? parsePlain(bytes) : parseOauthBearer(bytes);
    if (!credentials) return this.#fail(`the ${this.#mechanism} token does not parse`);
    this.#state = 'checking';
    return { kind: 'check', credentials };
  }

  #fail(errorMessage: string): SaslStep {
    this.#state = 'done';
    if (this.#framing.kind === 'bare') return { kind: 'refuse', body: undefined, why: errorMessage };
    const body = this.#answer({
      errorCode: KafkaError.saslAuthenticationFailed,
      errorMessage,
      authBytes: empty,
      sessionLifetimeMs: 0n,
    });
    return { kind: 'refuse', body, why: errorMessage };
  }

  /** The body of a SaslAuthenticate response, or the bare bytes. */
  #answer(fields: Omit<typeof defaultSaslAuthenticateResponse, 'unknownTags'>): Writer {
    const body = new Writer(64);
    if (this.#framing.kind === 'bare') body.raw(fields.authBytes);
    else apis.SaslAuthenticate.writeResponse(body, this.#framing.version, fields);
    return body;
  }
}

const empty = new Uint8Array();

/** `[authzid] NUL authcid NUL password` (RFC 4616); an authzid must be the user's own name. */
function parsePlain(bytes: Buffer): Credentials | undefined {
  const parts = bytes.toString('utf8').split('\0');
  if (parts.length !== 3) return undefined;
  const [authorizationId, user, token] = parts as [string, string, string];
  if (user === '' || token === '' || (authorizationId !== '' && authorizationId !== user)) return undefined;
  return { mechanism: 'PLAIN', token, user };
}

const separator = '\x01';

/** `n,[a=authzid],^Aauth=Bearer token^A[key=value^A]*^A` (RFC 7628). */
function parseOauthBearer(bytes: Buffer): Credentials | undefined {
  const [gs2, ...pairs] = bytes.toString('utf8').split(separator);
  if (gs2 === undefined || !/^n,(?:a=[^,]*)?,$/.test(gs2) || pairs.length < 3) return undefined;
  if (pairs.pop() !== '' || pairs.pop() !== '') return undefined;
  const auth = pairs.find((text) => text.startsWith('auth='));
  const token = /^auth=Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(auth ?? '')?.[1];
  return token === undefined ? undefined : { mechanism: 'OAUTHBEARER', token, user: undefined };
}

/** The API keys that belong to authentication. */
export function isSaslApi(apiKey: number): boolean {
  return apiKey === ApiKey.SaslHandshake || apiKey === ApiKey.SaslAuthenticate;
}
