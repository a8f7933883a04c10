import { AnswerFields } from '../hosted/answer-fields.ts';
import { fresh, pageSize } from './github-cache.ts';
import type { GitHubClient } from './github-client.ts';

/** Events by which a request is of another branch than before: by hand, or since the branch it was for is gone. */
const retargets = ['base_ref_changed', 'automatic_base_change_succeeded'];

/** Epoch ms at which a request was last pointed to another branch; undefined when it never was. */
export async function retargetedAt(
  client: GitHubClient,
  name: { readonly owner: string; readonly repo: string },
  number: number,
): Promise<number | undefined> {
  const question = { asked: `read the events of pull request ${number}`, permission: 'Pull requests: read' };
  const list = await client.list(question, (request) =>
    request('GET /repos/{owner}/{repo}/issues/{issue_number}/events', {
      ...name,
      issue_number: number,
      per_page: pageSize,
      headers: fresh,
    }),
  );
  const { value, failed } = list!;
  const times = value.flatMap((row, index) => {
    const event = new AnswerFields(row, failed, `[${index}]`);
    return retargets.includes(event.text('event')) ? [event.instant('created_at')] : [];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}
