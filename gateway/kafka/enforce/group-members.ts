const mostGroups = 1000;

/** Groups whose member on this connection may be ended with the connection: it is no static one. */
export class GroupMembers {
  readonly #dynamic = new Set<string>();

  /** Only a full heartbeat says whether its member is static; between those, what it said holds. */
  told(groupId: string, isStatic: boolean): void {
    if (isStatic || this.#dynamic.size >= mostGroups) this.#dynamic.delete(groupId);
    else this.#dynamic.add(groupId);
  }

  isDynamic(groupId: string): boolean {
    return this.#dynamic.has(groupId);
  }
}
