import { sleep, systemClock } from '../../../core/clock/clock.ts';
import type { RepoOnForge } from '../repo-on-forge.ts';
import type { Gitea } from './gitea.ts';

/** What people do with pull requests in Gitea itself, by the API behind its pages. */
export class PullsOnGitea {
  readonly #server: Gitea;
  readonly #place: RepoOnForge;

  constructor(server: Gitea, place: RepoOnForge) {
    this.#server = server;
    this.#place = place;
  }

  async numberOf(request: string): Promise<number> {
    const { server, path } = this.#at('pulls?state=open');
    const open = (await server.api(server.admin.token, 'GET', path)) as { number: number; head: { ref: string } }[];
    return open.find(({ head }) => head.ref === `request/${request}`)!.number;
  }

  async approve(number: number, token: string): Promise<void> {
    const { server, path } = this.#at(`pulls/${number}/reviews`);
    await server.api(token, 'POST', path, { event: 'APPROVED' });
  }

  /** Asks again while Gitea still looks whether it can be merged. */
  async merge(number: number, token: string, more: object = {}): Promise<void> {
    const { server, path } = this.#at(`pulls/${number}/merge`);
    for (let attempt = 0; ; attempt++) {
      try {
        await server.api(token, 'POST', path, { Do: 'merge', ...more });
        return;
      } catch (error) {
        if (attempt === 50) throw error;
        await sleep(systemClock, 100);
      }
    }
  }

  #at(rest: string): { readonly server: Gitea; readonly path: string } {
    return { server: this.#server, path: `/repos/${this.#place.name}/${rest}` };
  }
}
