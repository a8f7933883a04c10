import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../clock/clock.ts';
import { InputError } from '../../errors/sluice-error.ts';
import { AnswerFields } from '../hosted/answer-fields.ts';
import type { GitHubAnswer } from './github-question.ts';

/** Seconds that the app's own statement reaches back, for clocks that differ, and on; GitHub takes at most 600. */
const back = 60;
const lifetime = 480;
/** A token is not used in its last ms. */
const spare = 120_000;

export interface GitHubApp {
  readonly appId: string | number;
  /** PEM, as GitHub hands it out (PKCS#1) or as PKCS#8. */
  readonly privateKey: string;
  readonly installationId: number;
}

/** The token of an app's installation, which lives for an hour and is made anew when it ends. */
export class GitHubAppToken {
  readonly #app: GitHubApp;
  readonly #clock: Clock;
  readonly #key: KeyObject;
  #held: { readonly token: string; readonly until: number } | undefined;
  #making: Promise<string> | undefined;

  constructor(app: GitHubApp, clock: Clock, host: string) {
    this.#app = app;
    this.#clock = clock;
    this.#key = readKey(app.privateKey, host);
  }

  /** `exchange` has GitHub make a token for an installation, asked with the app's own statement. */
  async get(skew: number, exchange: (jwt: string, installation: number) => Promise<GitHubAnswer>): Promise<string> {
    if (this.#held && this.#clock.now() < this.#held.until) return this.#held.token;
    this.#making ??= this.#make(skew, exchange).finally(() => {
      this.#making = undefined;
    });
    return await this.#making;
  }

  async #make(skew: number, exchange: (jwt: string, installation: number) => Promise<GitHubAnswer>): Promise<string> {
    const now = Math.floor((this.#clock.now() + skew) / 1000);
    const jwt = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(`${this.#app.appId}`)
      .setIssuedAt(now - back)
      .setExpirationTime(now + lifetime)
      .sign(this.#key);
    const { value, failed } = await exchange(jwt, this.#app.installationId);
    const fields = new AnswerFields(value, failed);
    const token = fields.text('token');
    if (!/^[\x21-\x7e]+$/.test(token)) throw fields.flaw('token', 'a token');
    this.#held = { token, until: fields.instant('expires_at') - skew - spare };
    return token;
  }
}

function readKey(pem: string, host: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {} // what the parser says may quote the key
  throw new InputError('BadKey', `the private key of the app on ${host} is none`, {
    why: 'it is no RSA key in PEM',
    fix: "download one on the app's page, and name that file",
  });
}
