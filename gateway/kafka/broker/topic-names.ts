import type { TopicNames } from '../enforce/context.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultMetadataRequest } from '../wire/generated/metadata.ts';
import type { Admin } from './admin-connection.ts';

const mostNames = 200_000;
/** Ids in one request; a client may name any number. */
const mostAsked = 1_000;

/**
 * Names of topics by id (KIP-516). An id never gets another name, so what is known stays true also after the topic was
 * deleted; what is not known is asked of a broker, each time that a client names it.
 */
export class ClusterTopicNames implements TopicNames {
  readonly #admin: Admin;
  readonly #names = new Map<string, string>();
  #wanted = new Set<string>();
  #next: Promise<void> | undefined;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  nameOf(topicId: string): string | undefined {
    return this.#names.get(topicId);
  }

  learn(topicId: string, name: string): void {
    if (this.#names.size >= mostNames) this.#names.clear();
    this.#names.set(topicId, name);
  }

  /** Asks for the names of ids; those that no topic has stay unknown. Callers that come together share one request. */
  find(topicIds: readonly string[]): Promise<void> {
    for (const id of topicIds) this.#wanted.add(id);
    this.#next ??= Promise.resolve().then(() => this.#ask());
    return this.#next;
  }

  async #ask(): Promise<void> {
    const wanted = [...this.#wanted];
    this.#wanted = new Set();
    this.#next = undefined;
    for (let at = 0; at < wanted.length; at += mostAsked) {
      const { topics } = await this.#admin.call(apis.Metadata, {
        ...defaultMetadataRequest,
        topics: wanted.slice(at, at + mostAsked).map((topicId) => ({ topicId, name: null })),
        allowAutoTopicCreation: false,
      });
      for (const { topicId, name } of topics) if (name !== null) this.learn(topicId, name);
    }
  }
}
