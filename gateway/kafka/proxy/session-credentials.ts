import { alarmAt } from '../../../core/clock/alarm.ts';
import { type Clock, sleep, type Timer } from '../../../core/clock/clock.ts';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { Session } from '../../session/session.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { aclRights } from '../broker/acl-rights.ts';
import type { Admin } from '../broker/admin-connection.ts';
import type { EphemeralCredentials, EphemeralUser } from '../broker/ephemeral-credentials.ts';

const longestLife = 24 * 3_600_000;
const cleanUpMs = 2_000;
/** ms before it is looked again whether a session has rights. */
const leastWait = 1_000;

interface Held {
  readonly user: Promise<EphemeralUser>;
  /** ACL changes of one user, one after another. */
  work: Promise<void>;
  /** What is cleaned up with this user: its rights stay until then. */
  readonly cleanUps: Set<Promise<void>>;
  readonly visibleOn: Set<string>;
  /** Epoch ms, whole seconds: from then on any gateway may remove the user. */
  readonly expiresAt: number;
  /** Until the last right ends, as far as it is known, or the user expires. */
  end: Timer;
}

/**
 * One broker user per session, made when the first request has to reach a broker and removed when the session ends.
 * Its ACLs follow the principal's rights: widened before a new snapshot is used, narrowed after.
 */
export class SessionCredentials {
  readonly #ephemeral: EphemeralCredentials;
  readonly #adminTo: (broker: string) => Admin;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #held = new Map<Session, Held>();
  readonly #removals = new Set<Promise<void>>();
  #closed = false;

  constructor(options: {
    ephemeral: EphemeralCredentials;
    /** An admin connection to one broker, by its `host:port`. */
    adminTo: (broker: string) => Admin;
    clock: Clock;
    log: Logger;
  }) {
    this.#ephemeral = options.ephemeral;
    this.#adminTo = options.adminTo;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** The session's user, known to the broker it is about to be used on. */
  async acquire(session: Session, broker: string): Promise<EphemeralUser> {
    if (this.#closed) throw new UpstreamError('BrokerUnreachable', 'the gateway is stopping');
    const held = this.#held.get(session) ?? this.#create(session);
    const user = await held.user;
    await held.work;
    if (!held.visibleOn.has(broker)) {
      await this.#ephemeral.visibleOn(this.#adminTo(broker), user.name);
      held.visibleOn.add(broker);
    }
    return user;
  }

  /** Adds what the next snapshot will allow; resolves when the cluster has it. */
  async widen(next: Snapshot): Promise<void> {
    await Promise.all(
      [...this.#held].map(([session, held]) =>
        this.#queue(held, async (user) => {
          await this.#ephemeral.widen(user.name, aclRights(session.access.rights(next)));
          held.visibleOn.clear();
        }),
      ),
    );
  }

  /** Brings the ACLs to what the session may do now, in the background; what it lost goes when it is cleaned up. */
  follow(session: Session): void {
    const held = this.#held.get(session);
    if (!held) return;
    this.#queue(held, async ({ name }) => {
      await this.#cleanedUp(held);
      const rights = aclRights(session.access.rights());
      await this.#ephemeral.widen(name, rights); // a boundary may have come between a widening and its snapshot
      await this.#ephemeral.narrow(name, rights);
    }).catch((error: unknown) =>
      this.#log.warn('ACLs could not be narrowed', { cluster: session.cluster, session: session.id, error }),
    );
  }

  /** Does what has to be done with the session's user once more; nothing when it has none. `work` never rejects. */
  cleanUp(session: Session, work: (user: EphemeralUser) => Promise<void>): void {
    const held = this.#held.get(session);
    if (!held) return;
    const done = held.user.then(work, () => undefined).finally(() => held.cleanUps.delete(done));
    held.cleanUps.add(done);
  }

  /** Removes the session's user. What cannot be removed is reported as a debt by the credentials themselves. */
  release(session: Session): Promise<void> {
    const held = this.#held.get(session);
    this.#held.delete(session);
    if (!held) return Promise.resolve();
    held.end.cancel();
    const removal = this.#remove(held).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    return removal;
  }

  /** Makes no more users and removes every one; resolves when those that are being removed already are gone too. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#held.keys()]) void this.release(session);
    await Promise.all(this.#removals);
  }

  async #remove(held: Held): Promise<void> {
    await Promise.resolve(); // a connection that is cut in this turn has its clean-up begun by then
    await this.#cleanedUp(held);
    await held.work;
    const user = await held.user.catch(() => undefined); // it was never made, or removed when making it failed
    if (user) await this.#ephemeral.delete(user.name);
  }

  async #cleanedUp(held: Held): Promise<void> {
    if (held.cleanUps.size === 0) return;
    const late = new AbortController();
    await Promise.race([Promise.all(held.cleanUps), sleep(this.#clock, cleanUpMs, late.signal).catch(() => {})]);
    late.abort();
  }

  #create(session: Session): Held {
    const expiresAt = wholeSeconds(this.#clock.now() + longestLife);
    const user = this.#ephemeral.create(aclRights(session.access.rights()), expiresAt);
    const held: Held = {
      user,
      work: Promise.resolve(),
      cleanUps: new Set(),
      visibleOn: new Set(),
      expiresAt,
      end: this.#endOf(session, expiresAt),
    };
    this.#held.set(session, held);
    user.catch(() => {
      held.end.cancel();
      if (this.#held.get(session) === held) this.#held.delete(session);
    });
    return held;
  }

  #endOf(session: Session, expiresAt: number): Timer {
    const now = this.#clock.now();
    const ends = session.access.rights().map((right) => right.end ?? Number.POSITIVE_INFINITY);
    const last = wholeSeconds(Math.max(now, ...ends));
    return alarmAt(this.#clock, Math.min(Math.max(last, now + leastWait), expiresAt), () => this.#ended(session));
  }

  /**
   * The last right that there was may have ended: then the user goes, and connections without rights are answered
   * without a broker. Where there are rights now, as after an extension, it lives on. Once it has expired, connections
   * that may still do something have to come again, for a new one.
   */
  #ended(session: Session): void {
    const held = this.#held.get(session);
    if (!held) return;
    if (session.access.hasRights()) {
      if (this.#clock.now() < held.expiresAt) {
        held.end = this.#endOf(session, held.expiresAt);
        return;
      }
      for (const connection of [...session.connections]) connection.cut('expired');
    }
    void this.release(session);
  }

  #queue(held: Held, change: (user: EphemeralUser) => Promise<void>): Promise<void> {
    const run = held.work.then(async () => change(await held.user));
    held.work = run.catch(() => {});
    return run;
  }
}

/** Epoch ms, as user names have it. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
