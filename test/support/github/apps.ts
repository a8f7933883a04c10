/** Apps of the emulated GitHub: installations, the keys they sign with, and the tokens made of that. */
import { createPublicKey, randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Clock } from '../../../core/clock/clock.ts';
import { type Answer, problem } from './routes.ts';
import { instant } from './shapes.ts';
import type { GhAccount, Permissions, World } from './world.ts';

interface Installation {
  readonly appId: string;
  keys: readonly string[];
  readonly account: GhAccount;
  readonly permissions: Permissions;
}

export class Apps {
  readonly #world: World;
  readonly #bot: (login: string) => GhAccount;
  readonly #clock: Clock;
  readonly #installations = new Map<number, Installation>();

  constructor(world: World, bot: (login: string) => GhAccount, clock: Clock) {
    this.#world = world;
    this.#bot = bot;
    this.#clock = clock;
  }

  /** An app's installation, by the PEM of its public key. */
  install(appId: string, publicKey: string, permissions: Permissions): number {
    const id = this.#world.nextId();
    this.#installations.set(id, { appId, keys: [publicKey], account: this.#bot(`${appId}[bot]`), permissions });
    return id;
  }

  /** From now on the app of an installation has these keys: made and deleted on its page. */
  setKeys(installation: number, publicKeys: readonly string[]): void {
    this.#installations.get(installation)!.keys = publicKeys;
  }

  /** The tokens of an installation that were made so far, less those that were revoked. */
  tokens(installation: number): readonly string[] {
    const { account } = this.#installations.get(installation)!;
    return [...this.#world.tokens].filter(([, token]) => token.account === account.id).map(([token]) => token);
  }

  /** Makes a token of an app's statement; undefined when the path is no such question. */
  async exchange(method: string, path: string, authorization: string | undefined): Promise<Answer | undefined> {
    const id = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path)?.[1];
    if (method !== 'POST' || id === undefined) return undefined;
    const installation = this.#installations.get(Number(id));
    if (!installation) return problem(404, 'Not Found');
    const { appId, keys, account, permissions } = installation;
    const jwt = (authorization ?? '').replace(/^bearer /i, '');
    const known = await Promise.all(keys.map((key) => this.#isOf(appId, jwt, key)));
    if (!known.includes(true)) return problem(401, 'A JSON web token could not be decoded');
    const token = `ghs_${randomUUID().replaceAll('-', '')}`;
    const until = this.#clock.now() + 3_600_000;
    this.#world.tokens.set(token, { account: account.id, permissions, installation: true, until });
    const given = { metadata: 'read', ...permissions };
    return {
      status: 201,
      body: { token, expires_at: instant(until), permissions: given, repository_selection: 'selected' },
    };
  }

  async #isOf(appId: string, jwt: string, publicKey: string): Promise<boolean> {
    const now = new Date(this.#clock.now());
    try {
      const { payload } = await jwtVerify(jwt, createPublicKey(publicKey), {
        algorithms: ['RS256'],
        issuer: appId,
        requiredClaims: ['iat', 'exp'],
        currentDate: now,
      });
      return payload.exp! - payload.iat! <= 600 && payload.iat! <= now.getTime() / 1000;
    } catch {
      return false;
    }
  }
}
