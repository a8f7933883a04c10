import type { Operation } from '../../../core/model/resource.ts';
import type { Right } from '../../../core/policy/right-set.ts';
import { type AclOperation, type AclResource, type AclRight, clusterResource, rightKey } from './acls.ts';

/** What each Operation needs of a broker's ACLs, by the kind of thing it is done to. Read, Write, Alter and Delete imply Describe there. */
const needed: Readonly<
  Record<'topic' | 'group' | 'transactionalId', Partial<Record<Operation, readonly AclOperation[]>>>
> = {
  topic: {
    consume: ['read'],
    produce: ['write'],
    describe: ['describe', 'describeConfigs'],
    alter: ['alter', 'alterConfigs'],
    create: ['create'],
    delete: ['delete'],
    offsets: ['read'],
  },
  group: { consume: ['read'], offsets: ['read', 'delete'] },
  transactionalId: { produce: ['write'] },
};

/** A principal's rights as the ACLs of its broker user: prefixed where the stream is. */
export function aclRights(rights: readonly Right[]): readonly AclRight[] {
  const found = new Map<string, AclRight>();
  const add = (resourceType: AclResource, right: Right, operation: AclOperation): void => {
    const acl: AclRight = {
      resourceType,
      patternType: 'literal' in right.pattern ? 'literal' : 'prefixed',
      name: 'literal' in right.pattern ? right.pattern.literal : right.pattern.prefix,
      operation,
    };
    found.set(rightKey(acl), acl);
  };
  for (const right of rights) {
    if (right.kind === 'cluster') continue;
    for (const operation of right.operations) {
      for (const acl of needed[right.kind][operation] ?? []) add(right.kind, right, acl);
    }
  }
  if (rights.some((right) => right.operations.includes('admin'))) {
    for (const operation of ['alter', 'describe', 'describeConfigs'] as const) {
      const acl: AclRight = { resourceType: 'cluster', patternType: 'literal', name: clusterResource, operation };
      found.set(rightKey(acl), acl);
    }
  }
  return [...found.values()];
}
