/** What GitHub posts to a webhook, as far as somebody who only looks again at what it names could read it. */
import type { Json, Shapes } from './shapes.ts';
import { instant } from './shapes.ts';
import type { GhPull, GhRepo, GhReview, World } from './world.ts';

export type GhEvent =
  | {
      readonly event: 'push';
      readonly ref: string;
      readonly before: string;
      readonly after: string;
      readonly forced: boolean;
    }
  | {
      readonly event: 'pull_request';
      readonly action: 'opened' | 'closed' | 'synchronize';
      readonly pull: GhPull;
      /** Heads before and after a push. */
      readonly before?: string;
    }
  | {
      readonly event: 'pull_request_review';
      readonly action: 'submitted' | 'dismissed';
      readonly pull: GhPull;
      readonly review: GhReview;
    };

/** Name of the payload's schema in GitHub's description. */
export function schemaOf(said: GhEvent): string {
  const event = said.event.replaceAll('_', '-');
  return said.event === 'push' ? `webhook-${event}` : `webhook-${event}-${said.action}`;
}

export function payloadOf(world: World, shapes: Shapes, repo: GhRepo, said: GhEvent): Json {
  const owner = shapes.user(world.account(repo.owner));
  const about = { repository: shapes.repo(repo), sender: owner };
  if (said.event === 'push') return { ...pushOf(said), ...about };
  const { action, pull } = said;
  if (said.event === 'pull_request') {
    const heads = action === 'synchronize' ? { before: said.before, after: pull.headSha } : {};
    // Not counted here: a webhook is a hint, and whoever wants to know asks.
    const whole = { ...shapes.pull(repo, pull, { commits: 1, files: 1 }), active_lock_reason: null };
    return { action, number: pull.number, ...heads, pull_request: whole, ...about };
  }
  const review = { ...shapes.review(repo, pull, said.review), state: said.review.state.toLowerCase() };
  const simple = { ...shapes.simplePull(repo, pull), active_lock_reason: null };
  return { action, review: { ...review, submitted_at: instant(said.review.at) }, pull_request: simple, ...about };
}

function pushOf({ ref, before, after, forced }: Extract<GhEvent, { event: 'push' }>): Json {
  const nobody = /^0+$/;
  return {
    ref,
    before,
    after,
    created: nobody.test(before),
    deleted: nobody.test(after),
    forced,
    base_ref: null,
    compare: `https://host.invalid/compare/${before}...${after}`,
    commits: [],
    head_commit: null,
    pusher: { name: 'somebody', email: null },
  };
}
