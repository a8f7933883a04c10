/** Topic ids for tests: one for each name, which an Enforcing knows or does not know. */
import { Enforcing } from './enforcing.ts';

/** The id of a topic in these tests. */
export function idOf(name: string): string {
  return Buffer.from(name.padEnd(16, '-').slice(0, 16)).toString('base64url');
}

/** The name behind an id of idOf, as far as it fits into one. */
export function nameFrom(topicId: string): string {
  return Buffer.from(topicId, 'base64url').toString().replace(/-+$/, '');
}

const known = ['open', 'open.a', 'open.b', 'open.new', 'masked', 'granted', 'granted.new', 'secret', 'nowhere'];

/** An Enforcing that was told the ids of these topics. */
export function informed(...args: ConstructorParameters<typeof Enforcing>): Enforcing {
  const on = new Enforcing(...args);
  for (const name of known) on.names.set(idOf(name), name);
  return on;
}
