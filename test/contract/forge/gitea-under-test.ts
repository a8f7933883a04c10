import { systemClock } from '../../../core/clock/clock.ts';
import { GiteaApi } from '../../../core/forge/gitea/gitea-api.ts';
import type { Gitea } from '../../support/gitea/gitea.ts';
import { storyOnGitea } from '../../support/gitea/story-on-gitea.ts';
import type { HostedForgeUnderTest, Person } from './hosted-world.ts';

/** A repo of its own on the one server, with people of its own: a test may rename them. */
export async function giteaUnderTest(
  server: Gitea,
  n: number,
): Promise<HostedForgeUnderTest & { readonly repo: string; mergeNow(by: Person, number: number): Promise<boolean> }> {
  const { id, name: fullName, users } = await storyOnGitea(server, `-${n}`);
  const reviewOf = async (number: number, by: Person): Promise<number> => {
    const path = `/repos/${fullName}/pulls/${number}/reviews`;
    const reviews = (await server.api(server.admin.token, 'GET', path)) as { id: number; user: { id: number } }[];
    return reviews.find(({ user }) => user.id === users[by].id)!.id;
  };
  return {
    kind: 'gitea',
    repo: fullName,
    mergeNow: (by, number) =>
      server
        .api(users[by].token, 'POST', `/repos/${fullName}/pulls/${number}/merge`, { Do: 'merge' })
        .then(() => true)
        .catch(() => false),
    accounts: Object.fromEntries(Object.entries(users).map(([name, user]) => [name, user.id])) as Record<
      Person,
      number
    >,
    repoId: id,
    api: (person) =>
      new GiteaApi({
        url: server.url,
        repo: fullName,
        token: (person ? users[person] : server.admin).token,
        clock: systemClock,
      }),
    git: (person) => ({ url: `${server.url}/${fullName}.git`, token: (person ? users[person] : server.admin).token }),
    async mergeAs(person, number, how) {
      const path = `/repos/${fullName}/pulls/${number}/merge`;
      for (let attempt = 0; ; attempt++) {
        try {
          await server.api(users[person].token, 'POST', path, { Do: how });
          return;
        } catch (error) {
          if (attempt === 50) throw error; // it says "try again" while it looks whether it can be merged
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    },
    async fork(by) {
      const { token, login } = users[by];
      const made = (await server.api(token, 'POST', `/repos/${fullName}/forks`, {})) as { full_name: string };
      const open = async (branch: string): Promise<number> => {
        const body = { title: `Ask by ${by}`, head: `${login}:${branch}`, base: 'main' };
        return ((await server.api(token, 'POST', `/repos/${fullName}/pulls`, body)) as { number: number }).number;
      };
      return { url: `${server.url}/${made.full_name}.git`, token, open };
    },
    async dismiss(number, by) {
      const path = `/repos/${fullName}/pulls/${number}/reviews/${await reviewOf(number, by)}/dismissals`;
      await server.api(server.admin.token, 'POST', path, { message: 'not so' });
    },
    async deleteReview(number, by) {
      const path = `/repos/${fullName}/pulls/${number}/reviews/${await reviewOf(number, by)}`;
      await server.api(users[by].token, 'DELETE', path);
      return true;
    },
    async retarget(by, number, branch) {
      await server.api(users[by].token, 'PATCH', `/repos/${fullName}/pulls/${number}`, { base: branch });
    },
    async rename(person) {
      const path = `/admin/users/${users[person].login}/rename`;
      await server.api(server.admin.token, 'POST', path, { new_username: `${users[person].login}-new` });
    },
  };
}
