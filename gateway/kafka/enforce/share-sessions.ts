/** `group.share.max.share.sessions` of a broker is 2000; one client connection is one member of a few groups. */
const mostSessions = 64;
const mostPartitions = 100_000;

/**
 * A share session (KIP-932) as its client sees it: what it asked for once stays asked for. The partitions that it may not
 * have are not in the broker's session: the answers get them from here, each time, as brokers do with what they refuse.
 */
export class ShareSession {
  readonly #asked = new Map<string, Set<number>>();
  /** Topics that the broker's session holds. */
  readonly #upstream = new Set<string>();
  #count = 0;

  /** False when it would grow past its bound. */
  add(topicId: string, partitions: Iterable<number>): boolean {
    const known = this.#asked.get(topicId) ?? new Set();
    this.#asked.set(topicId, known);
    for (const partition of partitions) {
      if (known.has(partition)) continue;
      known.add(partition);
      this.#count++;
    }
    return this.#count <= mostPartitions && this.#asked.size <= mostPartitions;
  }

  forget(topicId: string, partitions: Iterable<number>): void {
    const known = this.#asked.get(topicId);
    if (!known) return;
    for (const partition of partitions) if (known.delete(partition)) this.#count--;
    if (known.size > 0) return;
    this.#asked.delete(topicId);
    this.#upstream.delete(topicId);
  }

  get topicIds(): IterableIterator<string> {
    return this.#asked.keys();
  }

  partitions(topicId: string): readonly number[] {
    return [...(this.#asked.get(topicId) ?? [])];
  }

  /** Brings what the broker's session holds of a topic to what is allowed: what has to be done for that, if anything. */
  settle(topicId: string, allowed: boolean): 'add' | 'forget' | undefined {
    if (allowed === this.#upstream.has(topicId)) return undefined;
    if (allowed) this.#upstream.add(topicId);
    else this.#upstream.delete(topicId);
    return allowed ? 'add' : 'forget';
  }
}

/** The share sessions of one connection, as brokers drop them with it. */
export class ShareSessions {
  readonly #sessions = new Map<string, ShareSession>();

  get(groupId: string, memberId: string): ShareSession | undefined {
    return this.#sessions.get(key(groupId, memberId));
  }

  /** A new one, in place of any there was; undefined when there are too many. */
  begin(groupId: string, memberId: string): ShareSession | undefined {
    this.end(groupId, memberId);
    if (this.#sessions.size >= mostSessions) return undefined;
    const session = new ShareSession();
    this.#sessions.set(key(groupId, memberId), session);
    return session;
  }

  end(groupId: string, memberId: string): void {
    this.#sessions.delete(key(groupId, memberId));
  }
}

function key(groupId: string, memberId: string): string {
  return `${groupId.length} ${groupId} ${memberId}`;
}
