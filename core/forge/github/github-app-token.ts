import { SignJWT } from 'jose';
import type { Clock } from '../../clock/clock.ts';
import { AnswerFields } from '../hosted/answer-fields.ts';
import { readAppKey } from './github-app-key.ts';
import { GitHubClient } from './github-client.ts';
import type { GitHubAnswer } from './github-question.ts';

/** Seconds that the app's own statement reaches back, for clocks that differ, and on; GitHub takes at most 600. */
const back = 60;
const lifetime = 480;
/** A token is not used in its last ms. */
const spare = 120_000;

export interface GitHubApp {
  readonly appId: string | number;
  /** PEM; asked for before each use, since it may be rotated. */
  readonly privateKey: () => Promise<string>;
  readonly installationId: number;
}

/**
 * The token of an app's installation, which lives for an hour. It is made anew when it ends, when it is refused, and
 * when the key is another one: whether GitHub takes that is seen while the old one can still be put back.
 */
export class GitHubAppToken {
  readonly #app: GitHubApp;
  readonly #clock: Clock;
  readonly #client: GitHubClient;
  #held: { readonly pem: string; readonly token: string; readonly until: number } | undefined;
  #making: { readonly pem: string; readonly token: Promise<string> } | undefined;

  constructor(app: GitHubApp, options: { readonly url: string; readonly clock: Clock }) {
    this.#app = app;
    this.#clock = options.clock;
    this.#client = new GitHubClient({ ...options, token: undefined });
  }

  async get(refused?: string): Promise<string> {
    const pem = await this.#app.privateKey();
    const held = this.#held;
    if (held?.pem === pem && held.token !== refused && this.#clock.now() < held.until) return held.token;
    if (this.#making?.pem !== pem) {
      const making = {
        pem,
        token: this.#make(pem).finally(() => {
          if (this.#making === making) this.#making = undefined;
        }),
      };
      this.#making = making;
    }
    return await this.#making.token;
  }

  async #make(pem: string): Promise<string> {
    const key = readAppKey(pem);
    const now = Math.floor((this.#clock.now() + (this.#client.skew ?? 0)) / 1000);
    const jwt = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(`${this.#app.appId}`)
      .setIssuedAt(now - back)
      .setExpirationTime(now + lifetime)
      .sign(key);
    const { value, failed } = await this.#exchange(jwt);
    const fields = new AnswerFields(value, failed);
    const token = fields.text('token');
    if (!/^[\x21-\x7e]+$/.test(token)) throw fields.flaw('token', 'a token');
    const until = fields.instant('expires_at') - (this.#client.skew ?? 0) - spare;
    this.#held = { pem, token, until };
    return token;
  }

  /** Has GitHub make a token, asked with the app's own statement. */
  #exchange(jwt: string): Promise<GitHubAnswer> {
    const question = { asked: 'make a token of the app', permission: 'the installation of the app' };
    return this.#client.ask(question, (request) =>
      request('POST /app/installations/{installation_id}/access_tokens', {
        installation_id: this.#app.installationId,
        headers: { authorization: `Bearer ${jwt}` },
      }),
    );
  }
}
