import type { AccessPolicy, PolicySet, SubjectRef } from '../model/documents.ts';

/** Identities that a subject names, those listed in its group included. Members by claim are not known here. */
export function listedIdentities({ groups }: Pick<PolicySet, 'groups'>, subject: SubjectRef): readonly string[] {
  return 'identity' in subject ? [subject.identity] : (groups.get(subject.group)?.members ?? []);
}

/** True when whoever `inner` names is surely named by `outer` too. */
export function subjectsWithin(set: PolicySet, inner: AccessPolicy, outer: AccessPolicy): boolean {
  const all = new Set(outer.subjects.flatMap((subject) => listedIdentities(set, subject)));
  return inner.subjects.every((subject) => {
    if ('identity' in subject) return all.has(subject.identity);
    if (outer.subjects.some((other) => 'group' in other && other.group === subject.group)) return true;
    const group = set.groups.get(subject.group);
    return group !== undefined && !group.fromClaim && group.members.every((name) => all.has(name));
  });
}

/** True when every stream and operation of `inner` is one of `outer`. */
export function scopeWithin(inner: AccessPolicy, outer: AccessPolicy): boolean {
  return (
    inner.streams.every((name) => outer.streams.includes(name)) &&
    inner.operations.every((operation) => outer.operations.includes(operation))
  );
}
