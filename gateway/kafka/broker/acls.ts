/** Allow-ACLs for users, for any host. What they are called here and what number each has in the protocol. */
import { apis } from '../wire/generated/apis.ts';
import { type Admin, checkCode } from './admin-connection.ts';

const resourceTypes = { topic: 2, group: 3, cluster: 4, transactionalId: 5 } as const;
const patternTypes = { literal: 3, prefixed: 4 } as const;
const operations = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const;
/** In a filter: whatever it is. */
const whatever = 1;
const allow = 3;
const anyHost = '*';
const userPrefix = 'User:';

/** The one name that a cluster resource has. */
export const clusterResource = 'kafka-cluster';

/** What rights are about. */
export type AclResource = keyof typeof resourceTypes;
/** Whether a name stands for itself or for all that begin with it. */
export type AclPattern = keyof typeof patternTypes;
/** What a right allows; the broker adds describe to read, write, delete and alter. */
export type AclOperation = keyof typeof operations;

/** One thing that a user may do. */
export interface AclRight {
  readonly resourceType: AclResource;
  readonly patternType: AclPattern;
  readonly name: string;
  readonly operation: AclOperation;
}

/** A text that is the same for equal rights only. */
export function rightKey({ resourceType, patternType, name, operation }: AclRight): string {
  return `${resourceType} ${patternType} ${operation} ${name}`;
}

/** Grants the rights to a user. Committed when it resolves; a broker may lag. */
export async function createAcls(admin: Admin, user: string, rights: readonly AclRight[]): Promise<void> {
  if (rights.length === 0) return;
  const creations = rights.map((right) => ({
    resourceType: resourceTypes[right.resourceType],
    resourceName: right.name,
    resourcePatternType: patternTypes[right.patternType],
    principal: userPrefix + user,
    host: anyHost,
    operation: operations[right.operation],
    permissionType: allow,
  }));
  await admin.call(apis.CreateAcls, { creations }, ({ results }) => {
    for (const { errorCode } of results) checkCode('create ACLs', errorCode);
  });
}

/** Takes exactly these rights from a user; those that it does not have are well. */
export async function deleteAcls(admin: Admin, user: string, rights: readonly AclRight[]): Promise<void> {
  const filters = rights.map((right) => ({
    resourceTypeFilter: resourceTypes[right.resourceType],
    resourceNameFilter: right.name,
    patternTypeFilter: patternTypes[right.patternType],
    principalFilter: userPrefix + user,
    hostFilter: anyHost,
    operation: operations[right.operation],
    permissionType: allow,
  }));
  await deleteMatching(admin, filters);
}

/** Takes everything from users, whatever it is. */
export async function deleteAllAcls(admin: Admin, users: readonly string[]): Promise<void> {
  await deleteMatching(
    admin,
    users.map((user) => everythingOf(user)),
  );
}

/** The rights of a user as the asked broker has applied them; ACLs that Sluice does not make are left out. */
export async function describeAcls(admin: Admin, user: string): Promise<AclRight[]> {
  const { resources } = await admin.call(apis.DescribeAcls, everythingOf(user), ({ errorCode }) => {
    checkCode('describe ACLs', errorCode);
  });
  return resources.flatMap((resource) =>
    resource.acls.flatMap((acl) => {
      const resourceType = nameOf(resourceTypes, resource.resourceType);
      const patternType = nameOf(patternTypes, resource.patternType);
      const operation = nameOf(operations, acl.operation);
      if (!resourceType || !patternType || !operation || acl.permissionType !== allow || acl.host !== anyHost)
        return [];
      return [{ resourceType, patternType, name: resource.resourceName, operation }];
    }),
  );
}

/** Every user that an ACL of the cluster names. */
export async function usersWithAcls(admin: Admin): Promise<Set<string>> {
  const { resources } = await admin.call(apis.DescribeAcls, everythingOf(null), ({ errorCode }) => {
    checkCode('describe ACLs', errorCode);
  });
  const principals = resources.flatMap((resource) => resource.acls.map((acl) => acl.principal));
  return new Set(principals.filter((p) => p.startsWith(userPrefix)).map((p) => p.slice(userPrefix.length)));
}

type Filter = ReturnType<typeof everythingOf>;

async function deleteMatching(admin: Admin, filters: readonly Filter[]): Promise<void> {
  if (filters.length === 0) return;
  await admin.call(apis.DeleteAcls, { filters }, ({ filterResults }) => {
    for (const { errorCode, matchingAcls } of filterResults) {
      checkCode('delete ACLs', errorCode);
      for (const acl of matchingAcls) checkCode('delete ACLs', acl.errorCode);
    }
  });
}

function everythingOf(user: string | null) {
  return {
    resourceTypeFilter: whatever as number,
    resourceNameFilter: null as string | null,
    patternTypeFilter: whatever as number,
    principalFilter: user === null ? null : userPrefix + user,
    hostFilter: null as string | null,
    operation: whatever as number,
    permissionType: whatever as number,
  };
}

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, number: number): Name | undefined {
  return (Object.keys(table) as Name[]).find((name) => table[name] === number);
}
