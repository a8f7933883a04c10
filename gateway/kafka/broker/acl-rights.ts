import type { Operation } from '../../../core/model/resource.ts';
import type { Right } from '../../../core/policy/right-set.ts';
import { type AclOperation, type AclRight, clusterResource, rightKey } from './acls.ts';

/**
 * What each Operation needs of a broker's ACLs, by the kind of thing it is done to. Read, Write, Alter and Delete imply
 * Describe there and AlterConfigs implies DescribeConfigs; our Describe, which every Operation includes, means the
 * configuration too.
 */
const needed: Readonly<Record<Right['kind'], Partial<Record<Operation, readonly AclOperation[]>>>> = {
  topic: {
    consume: ['read', 'describeConfigs'],
    produce: ['write', 'describeConfigs'],
    describe: ['describe', 'describeConfigs'],
    alter: ['alter', 'alterConfigs'],
    create: ['create', 'describe', 'describeConfigs'],
    delete: ['delete', 'describeConfigs'],
    offsets: ['read', 'describeConfigs'],
  },
  group: {
    consume: ['read', 'describeConfigs'],
    describe: ['describe', 'describeConfigs'],
    alter: ['describe', 'alterConfigs'],
    delete: ['delete', 'describeConfigs'],
    offsets: ['read', 'delete', 'describeConfigs'],
  },
  transactionalId: { produce: ['write'], describe: ['describe'] },
  cluster: { admin: ['alter', 'describe', 'alterConfigs', 'describeConfigs'] },
};

/** A principal's rights as the ACLs of its broker user: prefixed where the stream is. */
export function aclRights(rights: readonly Right[]): readonly AclRight[] {
  const found = new Map<string, AclRight>();
  const add = ({ kind, pattern }: Right, operation: AclOperation): void => {
    const named = 'literal' in pattern;
    const acl: AclRight = {
      resourceType: kind,
      patternType: named ? 'literal' : 'prefixed',
      name: kind === 'cluster' ? clusterResource : named ? pattern.literal : pattern.prefix,
      operation,
    };
    found.set(rightKey(acl), acl);
  };
  for (const right of rights) {
    for (const operation of right.operations) {
      for (const acl of needed[right.kind][operation] ?? []) add(right, acl);
    }
  }
  return [...found.values()];
}
