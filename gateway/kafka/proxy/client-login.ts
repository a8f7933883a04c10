import type { Writer } from '../../../core/bytes/writer.ts';
import { AccessError, SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Principal } from '../../../core/model/principal.ts';
import { ApiKey } from '../wire/generated/apis.ts';
import type { RequestHeader } from '../wire/request-header.ts';
import type { ConnectionWorld } from './connection-world.ts';
import type { Journal } from './journal.ts';
import { type Credentials, SaslServer, type SaslStep } from './sasl-server.ts';

/** Where an answer of the login goes: to a request, or bare. */
export type SaslHeader = Pick<RequestHeader, 'apiKey' | 'apiVersion' | 'correlationId'> | undefined;

/** What a login asks of its connection. */
export interface LoginHost {
  readonly principal: Principal | undefined;
  answer(body: Writer, header: SaslHeader): void;
  /** The connection is the principal's now. Returns when it should authenticate anew, at the latest (epoch ms). */
  accept(principal: Principal, expiresAt: number): number;
  /** The client's bytes make no sense here. */
  refuse(why: string): void;
  /** The answer that was given is the last one. */
  hangUp(): void;
  /** Nothing can be said now: close without a reply. */
  giveUp(): void;
  /** Runs an async step with the reading stopped. */
  wait(step: () => Promise<void>): void;
}

/** A connection's authentication, the first one and every later one (KIP-368). */
export class ClientLogin {
  readonly #world: ConnectionWorld;
  readonly #journal: Journal;
  readonly #host: LoginHost;
  readonly #sasl = new SaslServer();
  readonly #connection: number;

  constructor(world: ConnectionWorld, journal: Journal, connection: number, host: LoginHost) {
    this.#world = world;
    this.#journal = journal;
    this.#connection = connection;
    this.#host = host;
  }

  get expectsBareToken(): boolean {
    return this.#sasl.expectsBareToken;
  }

  bareToken(bytes: Buffer): void {
    this.#step(this.#sasl.bareToken(bytes), undefined);
  }

  request(header: RequestHeader, body: Buffer): void {
    const { apiKey, apiVersion, correlationId } = header;
    if (apiKey === ApiKey.SaslHandshake && this.#host.principal) {
      // Its answers would be bare, without a place among those of the requests before it (KIP-368 wants version 1).
      if (apiVersion === 0) return this.#host.refuse('a handshake of version 0 by a client that is logged in');
      this.#sasl.reset();
    }
    const step =
      apiKey === ApiKey.SaslHandshake
        ? this.#sasl.handshake(apiVersion, body)
        : this.#sasl.authenticate(apiVersion, body);
    this.#step(step, { apiKey, apiVersion, correlationId });
  }

  #step(step: SaslStep, header: SaslHeader): void {
    switch (step.kind) {
      case 'reply':
        return this.#host.answer(step.body, header);
      case 'refuse':
        if (step.body) this.#host.answer(step.body, header);
        return this.#host.hangUp();
      case 'close':
        return this.#host.refuse(step.why);
      case 'check':
        return this.#host.wait(() => this.#check(step.credentials, header));
    }
  }

  async #check(credentials: Credentials, header: SaslHeader): Promise<void> {
    const { mechanism, token, user } = credentials;
    try {
      const { principal, expiresAt } = await this.#world.authenticate(token, user);
      const before = this.#host.principal;
      if (before && (before.identity !== principal.identity || before.issuer !== principal.issuer)) {
        throw new AccessError('TokenRefused', 'the token was refused', {
          why: 'a connection cannot change its principal',
        });
      }
      if (before && claimsOf(before) !== claimsOf(principal)) {
        // Other groups or claims, other rights: a session keeps those it began with, so the client has to come again.
        this.#journal.login(mechanism, 'GroupsChanged');
        return this.#host.giveUp();
      }
      const renewBy = this.#host.accept(principal, expiresAt);
      this.#journal.login(mechanism, undefined);
      this.#host.answer(this.#sasl.accepted(renewBy - this.#world.clock.now()), header);
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : 'Bug';
      this.#journal.login(mechanism, code);
      this.#world.log.info('a login was refused', {
        cluster: this.#world.cluster,
        connection: this.#connection,
        code,
        error,
      });
      if (!(error instanceof AccessError)) return this.#host.giveUp(); // "cannot tell now" must not look like a no
      this.#step(this.#sasl.refused([error.message, error.why].filter(Boolean).join(': ')), header);
    }
  }
}

/** What decisions read of a token, its bearer aside. */
function claimsOf({ claimGroups, claims }: Principal): string {
  return JSON.stringify([claimGroups, claims]);
}
