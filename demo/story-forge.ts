import type { PolicyRepo } from '../test/support/policy-repo.ts';

/** Where the story's requests live, are approved and merged: plain git, or a real forge. */
export interface StoryForge {
  readonly repo: PolicyRepo;
  /** How often the gateway looks by itself. */
  readonly pollInterval: string;
  /** Tells the forge where the gateway takes webhooks, if it sends any. */
  webhooksTo(gateway: string): Promise<void>;
  /** Title of the chapter in which a request is merged that nobody but Mallory wanted. */
  readonly shortcut: string;
  /** Gets Mallory's request merged without anybody's approval that counts, by whatever the forge allows. */
  takeShortcut(request: string): Promise<void>;
  /** Carol looks at a request, approves and merges it, as people do it there. */
  approveAndMerge(request: string): Promise<void>;
  /** Where the repo can be looked at when all is over. */
  leave(): Promise<string>;
}
