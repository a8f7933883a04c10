import type { Commit } from '../git/commit.ts';

/** Addresses that a commit claims for its authors, in lower case; they can only exclude. */
export function claimedEmails(commit: Commit): string[] {
  const coAuthors = [...commit.message.matchAll(/^(?:co-authored-by|signed-off-by):[^<\n]*<([^>\n]+)>/gim)].map(
    (match) => match[1]!,
  );
  return [commit.author.email, commit.committer.email, ...coAuthors].map((email) => email.trim().toLowerCase());
}
