import type { ClientWorld } from './client-world.ts';

/** What a case does with a client. It returns what the table shows besides, where that is more than its time. */
export type Body = (world: ClientWorld) => Promise<string> | Promise<void>;
