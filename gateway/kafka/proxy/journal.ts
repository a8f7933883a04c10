import type { AuditEvent, DenyEvent, EventOrigin } from '../../../core/audit/event.ts';
import type { SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Session } from '../../session/session.ts';
import type { FrameContext } from '../enforce/context.ts';
import type { ConnectionWorld } from './connection-world.ts';

/** What one connection tells the audit log, the metrics and the gateway's own log: always with who and where. */
export class Journal {
  readonly #world: ConnectionWorld;
  readonly #origin: EventOrigin;
  #kept:
    | {
        readonly session: Session | undefined;
        readonly grant: string | undefined;
        readonly policy: string | undefined;
        readonly origin: EventOrigin;
      }
    | undefined;
  session: Session | undefined;
  clientId = '';
  software: string | undefined;

  constructor(world: ConnectionWorld, connection: number, source: string) {
    this.#world = world;
    this.#origin = { conn: String(connection), source, cluster: world.cluster, listener: world.listener };
  }

  append(event: AuditEvent, corr?: number): void {
    this.#world.recorder.append(withCorr(event, corr), this.#shared(undefined));
  }

  /** What a stranger can make happen as often as he likes: failed logins, garbage. */
  flood(event: Parameters<ConnectionWorld['flood']['note']>[0]): void {
    this.#world.flood.note({ ...this.#whole(undefined), ...event });
  }

  login(mechanism: string, code: string | undefined): void {
    const event = { kind: 'auth', mechanism, clientId: this.clientId, software: this.software } as const;
    this.#world.metrics.logins.add({ cluster: this.#world.cluster, outcome: code ?? 'ok' });
    if (code === undefined) this.append({ ...event, ok: true });
    else this.flood({ ...event, ok: false, code });
  }

  /** Every denial of a frame: counted, in the audit log, and in words in the gateway's log. */
  denials(context: FrameContext, corr: number): void {
    for (const { operation, kind, name, decision, error } of context.denials) {
      this.#world.metrics.denials.add({ cluster: this.#world.cluster, operation, code: decision.code });
      this.#world.flood.note({
        ...this.#whole(corr),
        kind: 'deny',
        operation,
        resource: kind,
        name,
        code: decision.code,
        rule: `${decision.rule.kind}/${decision.rule.name}`,
        error,
      });
      this.#world.explain(this.session, operation, kind, name, decision);
    }
  }

  /** Queues the events of a frame. Refusals among them are the client's to repeat: they go where denials go. */
  events(context: FrameContext, corr: number): void {
    if (context.events.length === 0) return;
    const shared = this.#shared(context);
    for (const event of context.events) {
      if (event.kind === 'deny') this.#refused(event, corr, context);
      else this.#world.recorder.append(withCorr(event, corr), shared);
    }
  }

  /** As events, and calls back once, when all of them are on the disk or cannot be put there. */
  durably(context: FrameContext, corr: number, done: (error: SluiceError | undefined) => void): void {
    const last = context.events.findLast((event) => event.kind !== 'deny');
    if (!last) {
      this.events(context, corr);
      return done(undefined);
    }
    const shared = this.#shared(context);
    for (const event of context.events) {
      if (event.kind === 'deny') this.#refused(event, corr, context);
      else if (event !== last) this.#world.recorder.append(withCorr(event, corr), shared);
    }
    // Lines go to the disk in order: the last stands for all.
    this.#world.recorder.appendStrict(withCorr(last, corr), done, shared);
  }

  /** A refusal that is no decision about rights: counted, in the audit log, and in words in the gateway's log. */
  #refused(event: DenyEvent, corr: number, context: FrameContext): void {
    const { operation = 'admin', resource = 'cluster', name = '', code } = event;
    this.#world.metrics.denials.add({ cluster: this.#world.cluster, operation, code });
    this.#world.flood.note({ ...this.#whole(corr, context), ...event });
    const words = refusals[code]?.(this.session?.principal.identity ?? '', operation, name, this.#world.cluster);
    if (words === undefined) return;
    this.#world.explain(this.session, operation, resource, name, { code, message: words, nearestMiss: undefined });
  }

  /** Who and where, as one object for all events of a session under the same right. */
  #shared(context: FrameContext | undefined): EventOrigin {
    const { session } = this;
    const grant = context?.grant;
    const policy = context?.policy;
    const kept = this.#kept;
    if (kept && kept.session === session && kept.grant === grant && kept.policy === policy) return kept.origin;
    const origin = this.#whole(undefined, context);
    this.#kept = { session, grant, policy, origin };
    return origin;
  }

  #whole(corr: number | undefined, context?: FrameContext): EventOrigin {
    const { session } = this;
    return {
      ...this.#origin,
      ...(session ? { sid: session.id, principal: session.principal.identity } : {}),
      ...(corr === undefined ? {} : { corr }),
      ...(context?.grant === undefined ? {} : { grant: context.grant }),
      ...(context?.policy === undefined ? {} : { policy: context.policy }),
    };
  }
}

/** Clients get only an error code, which says "not authorized" of these, too. */
const refusals: Readonly<Record<string, (who: string, operation: string, name: string, cluster: string) => string>> = {
  Unmaskable: (who, operation, name, cluster) =>
    `${who} may ${operation} topic ${name} on ${cluster}, but a record in it cannot be masked: its value is not JSON, or it is damaged or too large, and the topic's MaskPolicy says to refuse such records (unmaskable: deny)`,
  NoTopicToWrite: (who, _operation, _name, cluster) =>
    `${who} may not produce to any topic on ${cluster}, so an idempotent producer cannot begin`,
};

/** The event belongs to this request. Events are made for one frame, so that it may be written into it. */
function withCorr(event: AuditEvent, corr: number | undefined): AuditEvent {
  if (corr !== undefined) (event as { corr?: number }).corr = corr;
  return event;
}
