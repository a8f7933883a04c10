import type { Clock } from '../../../core/clock/clock.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { Session } from '../../session/session.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { aclRights } from '../broker/acl-rights.ts';
import type { Admin } from '../broker/admin-connection.ts';
import type { EphemeralCredentials, EphemeralUser } from '../broker/ephemeral-credentials.ts';

const longestLife = 24 * 3_600_000;

interface Held {
  readonly user: Promise<EphemeralUser>;
  /** ACL changes of one user, one after another. */
  work: Promise<void>;
  readonly visibleOn: Set<string>;
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
    let held = this.#held.get(session);
    if (held && (await this.#spent(held))) {
      if (this.#held.get(session) === held) void this.release(session);
      held = this.#held.get(session);
    }
    held ??= this.#create(session);
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

  /** Takes away what the session may not do any more; in the background. */
  narrow(session: Session): void {
    const held = this.#held.get(session);
    if (!held) return;
    this.#queue(held, (user) => this.#ephemeral.narrow(user.name, aclRights(session.access.rights()))).catch(
      (error: unknown) =>
        this.#log.warn('ACLs could not be narrowed', { cluster: session.cluster, session: session.id, error }),
    );
  }

  /** Removes the session's user. What cannot be removed is reported as a debt by the credentials themselves. */
  release(session: Session): Promise<void> {
    const held = this.#held.get(session);
    this.#held.delete(session);
    if (!held) return Promise.resolve();
    const removal = this.#remove(held).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    return removal;
  }

  /** Removes every user; resolves when those that are being removed already are gone too. */
  async releaseAll(): Promise<void> {
    for (const session of [...this.#held.keys()]) void this.release(session);
    await Promise.all(this.#removals);
  }

  async #remove(held: Held): Promise<void> {
    await held.work;
    const user = await held.user.catch(() => undefined); // it was never made, or removed when making it failed
    if (user) await this.#ephemeral.delete(user.name);
  }

  #create(session: Session): Held {
    const rights = session.access.rights();
    const now = this.#clock.now();
    const ends = rights.map((right) => right.end);
    const last = ends.some((end) => end === undefined) ? Number.POSITIVE_INFINITY : Math.max(...(ends as number[]));
    const user = this.#ephemeral.create(aclRights(rights), Math.min(last, now + longestLife));
    const held: Held = { user, work: Promise.resolve(), visibleOn: new Set() };
    this.#held.set(session, held);
    user.catch(() => {
      if (this.#held.get(session) === held) this.#held.delete(session);
    });
    return held;
  }

  async #spent(held: Held): Promise<boolean> {
    const user = await held.user.catch(() => undefined);
    return user === undefined || user.expiresAt <= this.#clock.now();
  }

  #queue(held: Held, change: (user: EphemeralUser) => Promise<void>): Promise<void> {
    const run = held.work.then(async () => change(await held.user));
    held.work = run.catch(() => {});
    return run;
  }
}
