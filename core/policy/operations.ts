import type { Operation, ResourceKind } from '../model/resource.ts';

/** Operations that let their holder see that a thing is there and how it is set up, as Kafka's Read, Write, Alter and Delete do. */
const implyDescribe: Record<ResourceKind, ReadonlySet<Operation>> = {
  topic: new Set(['describe', 'consume', 'produce', 'alter', 'create', 'delete', 'offsets']),
  group: new Set(['describe', 'consume', 'alter', 'delete', 'offsets']),
  transactionalId: new Set(['describe', 'produce']),
  cluster: new Set(),
};

const applicable: Record<ResourceKind, ReadonlySet<Operation>> = {
  topic: new Set(['consume', 'produce', 'describe', 'alter', 'create', 'delete', 'offsets']),
  group: new Set(['consume', 'describe', 'alter', 'delete', 'offsets']),
  transactionalId: new Set(['produce', 'describe']),
  cluster: new Set(['admin']),
};

/** True when an operation can be done to this kind of resource at all. */
export function applies(operation: Operation, kind: ResourceKind): boolean {
  return applicable[kind].has(operation);
}

/** True when a rule that names `given` allows `wanted` on this kind of resource. */
export function allows(given: readonly Operation[], wanted: Operation, kind: ResourceKind): boolean {
  return wanted === 'describe' ? given.some((one) => implyDescribe[kind].has(one)) : given.includes(wanted);
}
