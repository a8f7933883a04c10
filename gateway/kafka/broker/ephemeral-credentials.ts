/**
 * Broker users that live for a session, a day at most. A user is called `sluice-<gateway>-<expiry in epoch seconds>-<random>`,
 * so that any gateway can tell whose it is and when it is over: nobody else's memory is needed to clean up. What could
 * not be removed is a debt, told to the owner, who keeps it.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, sleep } from '../../../core/clock/clock.ts';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { ScramMechanism } from '../upstream/scram.ts';
import { type AclRight, createAcls, deleteAcls, deleteAllAcls, describeAcls, rightKey, usersWithAcls } from './acls.ts';
import type { Admin } from './admin-connection.ts';
import { createScramUser, deleteScramUsers, listScramUsers, type ScramUser } from './scram-users.ts';

/** Another gateway's user is removed this long after its expiry only: clocks differ, and it may be at work itself. */
export const foreignGraceMs = 10 * 60_000;
const visibleWithinMs = 2000;
const pollMs = 20;
const sweepBatch = 100;

/** A broker user that was made for one principal. Never logged: it holds the password. */
export interface EphemeralUser {
  readonly name: string;
  readonly password: string;
  readonly mechanism: ScramMechanism;
  /** Epoch milliseconds, whole seconds. */
  readonly expiresAt: number;
}

/** A user that should be gone, and may still be there. */
export interface CleanupDebt {
  readonly user: string;
  readonly expiresAt: number;
  /** What stood in the way, without secrets. */
  readonly why: string;
}

/** Who makes users, and who is told what became of them. */
export interface EphemeralOptions {
  readonly clock: Clock;
  /** The gateway's own name, unique among the gateways of a cluster. */
  readonly gateway: string;
  /** Whether users of this name's owner are left over when this process does not know them. Left out: its own. */
  readonly clearsUp?: (owner: string) => boolean;
  /**
   * Names of the users that this process has at all its clusters, kept here: two entries of its configuration may be the
   * same cluster, and neither may sweep the other's. Left out: there is one cluster.
   */
  readonly users?: Set<string>;
  readonly admin: Admin;
  readonly mechanism?: ScramMechanism;
  /** Called when a user could not be removed; perhaps again for the same one. */
  readonly onDebt: (debt: CleanupDebt) => void;
  /** Called when a user is gone for certain; perhaps for one that was never a debt. */
  readonly onSettled?: (user: string) => void;
}

/** What a user's name says; undefined where the name is not one of Sluice's. */
export function parseUserName(name: string): { readonly gateway: string; readonly expiresAt: number } | undefined {
  const match = /^sluice-(.+)-(\d{1,12})-[0-9a-f]{16}$/.exec(name);
  return match ? { gateway: match[1]!, expiresAt: Number(match[2]) * 1000 } : undefined;
}

/** Makes, changes and removes this gateway's users; changes of one user have to come one after another. */
export class EphemeralCredentials {
  readonly #options: EphemeralOptions;
  readonly #mechanism: ScramMechanism;
  /** Users of this process, with the rights that the cluster has for them. */
  readonly #live = new Map<string, Map<string, AclRight>>();
  readonly #users: Set<string>;

  constructor(options: EphemeralOptions) {
    this.#options = options;
    this.#mechanism = options.mechanism ?? 'SCRAM-SHA-512';
    this.#users = options.users ?? new Set();
  }

  /** Creates a user with these rights. `expiresAt` is epoch milliseconds; whole seconds are kept. On error it is removed. */
  async create(rights: readonly AclRight[], expiresAt: number): Promise<EphemeralUser> {
    const { gateway, admin } = this.#options;
    const seconds = Math.floor(expiresAt / 1000);
    const name = `sluice-${gateway}-${seconds}-${randomBytes(8).toString('hex')}`;
    const mechanism = this.#mechanism;
    this.#live.set(name, byKey(rights));
    this.#users.add(name);
    const [user, acls] = await Promise.allSettled([
      createScramUser(admin, { name, mechanism }),
      createAcls(admin, name, rights),
    ]);
    if (user.status === 'fulfilled' && acls.status === 'fulfilled') {
      return { name, password: user.value, mechanism, expiresAt: seconds * 1000 };
    }
    await this.delete(name);
    throw user.status === 'rejected' ? user.reason : (acls as PromiseRejectedResult).reason;
  }

  /** Adds what is missing; to be done before anything relies on it. */
  async widen(user: string, rights: readonly AclRight[]): Promise<void> {
    const held = this.#held(user);
    const missing = [...byKey(rights)].filter(([key]) => !held.has(key));
    await createAcls(
      this.#options.admin,
      user,
      missing.map(([, right]) => right),
    );
    for (const [key, right] of missing) held.set(key, right);
  }

  /** Takes away everything but these rights. */
  async narrow(user: string, rights: readonly AclRight[]): Promise<void> {
    const held = this.#held(user);
    const kept = byKey(rights);
    const surplus = [...held].filter(([key]) => !kept.has(key));
    await deleteAcls(
      this.#options.admin,
      user,
      surplus.map(([, right]) => right),
    );
    for (const [key] of surplus) held.delete(key);
  }

  /**
   * Waits until a broker has the user and its rights: what is committed is not applied everywhere at once. `on` is an
   * admin connection to that broker. UpstreamError('BrokerUnreachable') after two seconds.
   */
  async visibleOn(on: Admin, user: string): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + visibleWithinMs;
    do {
      const [users, rights] = await Promise.all([listScramUsers(on, [user]), describeAcls(on, user)]);
      const shown = new Set(rights.map(rightKey));
      if (users.length > 0 && [...this.#held(user).keys()].every((key) => shown.has(key))) return;
      await sleep(clock, pollMs);
    } while (clock.monotonic() < end);
    throw new UpstreamError('BrokerUnreachable', 'the broker does not show the new credential yet', {
      why: `it was asked for ${visibleWithinMs} ms`,
      retry: 'later',
    });
  }

  /** Removes a user and all its ACLs. It never rejects: what fails is a debt. Whether it is gone. */
  async delete(user: string): Promise<boolean> {
    this.#live.delete(user);
    this.#users.delete(user);
    return await this.#remove([{ name: user, mechanism: this.#mechanism }]);
  }

  /**
   * Removes what is left of this gateway's earlier users, and of any gateway's that expired long ago, from what the
   * cluster itself lists. `now` is epoch milliseconds. Resolves with the names; rejects when the lists cannot be had.
   */
  async sweep(now: number): Promise<readonly string[]> {
    const { admin } = this.#options;
    const [users, withAcls] = await Promise.all([listScramUsers(admin), usersWithAcls(admin)]);
    const mechanisms = new Map([...withAcls].map((name) => [name, this.#mechanism] as const));
    for (const { name, mechanism } of users) mechanisms.set(name, mechanism);
    const stale = [...mechanisms]
      .filter(([name]) => this.#isStale(name, now))
      .map(([name, mechanism]) => ({ name, mechanism }));
    const gone: string[] = [];
    for (let at = 0; at < stale.length; at += sweepBatch) {
      const batch = stale.slice(at, at + sweepBatch);
      if (await this.#remove(batch)) gone.push(...batch.map(({ name }) => name));
    }
    return gone;
  }

  #isStale(name: string, now: number): boolean {
    const parsed = parseUserName(name);
    if (!parsed) return false;
    if (parsed.expiresAt + foreignGraceMs <= now) return true;
    const { gateway, clearsUp } = this.#options;
    const own = clearsUp ? clearsUp(parsed.gateway) : parsed.gateway === gateway;
    return own && !this.#users.has(name);
  }

  /** ACLs and users at once: one failure must not keep the other from going. */
  async #remove(users: readonly ScramUser[]): Promise<boolean> {
    const { admin, onDebt, onSettled } = this.#options;
    const names = users.map(({ name }) => name);
    const done = await Promise.allSettled([deleteAllAcls(admin, names), deleteScramUsers(admin, users)]);
    const failed = done.find((result) => result.status === 'rejected');
    for (const user of names) {
      if (!failed) onSettled?.(user);
      else onDebt({ user, expiresAt: parseUserName(user)?.expiresAt ?? 0, why: reasonOf(failed.reason) });
    }
    return !failed;
  }

  #held(user: string): Map<string, AclRight> {
    const held = this.#live.get(user);
    if (!held) throw new UpstreamError('BrokerRefused', 'a credential was used after it was removed');
    return held;
  }
}

function byKey(rights: readonly AclRight[]): Map<string, AclRight> {
  return new Map(rights.map((right) => [rightKey(right), right]));
}

function reasonOf(error: unknown): string {
  return error instanceof UpstreamError ? `${error.message}: ${error.why ?? error.code}` : 'an unexpected error';
}
