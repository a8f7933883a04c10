/** Version ranges as ApiVersions carries them, and what two sides have in common. */
import type { AnyApi } from './api.ts';

/** Inclusive. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What a peer's range and our own definitions share; undefined where that is nothing. */
export function sharedVersions(
  api: Pick<AnyApi, 'min' | 'max'>,
  peer: VersionRange | undefined,
): VersionRange | undefined {
  if (!peer) return undefined;
  const range = { min: Math.max(api.min, peer.min), max: Math.min(api.max, peer.max) };
  return range.min <= range.max ? range : undefined;
}
