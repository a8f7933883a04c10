import type { Operation, ResourceKind } from '../model/resource.ts';
import type { Aspect, How } from './plan.ts';

/** One difference as it is found, before what is alike is put together. */
export interface RawChange {
  readonly how: How;
  readonly aspects: readonly Aspect[];
  readonly principals: readonly string[];
  /** Keys of claims. */
  readonly claims: readonly string[];
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly cluster: string;
  readonly streams: readonly string[];
  readonly names: readonly string[];
  /** What the poorer side gives, and the richer one. */
  readonly poorer: string;
  readonly richer: string;
  /** Keys (`Kind/name`) of changed documents that are behind it. */
  readonly causes: readonly string[];
}
