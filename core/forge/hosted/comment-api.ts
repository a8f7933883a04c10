import type { Account } from './forge-api.ts';

/** What somebody wrote below a pull request. */
export interface Comment {
  readonly id: number;
  /** undefined when the account is deleted. */
  readonly author: Account | undefined;
  readonly body: string;
}

/** Comments on pull requests: what a check in a workflow writes for people to read. Errors are those of `ForgeApi`. */
export interface CommentApi {
  /** The account that comments of this token will be of; undefined where the forge does not tell, as of an app's token. */
  self(): Promise<Account | undefined>;
  /** All comments on a pull request, oldest first. */
  comments(number: number): Promise<readonly Comment[]>;
  add(number: number, body: string): Promise<Comment>;
  edit(id: number, body: string): Promise<Comment>;
}
