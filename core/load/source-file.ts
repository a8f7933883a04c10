/** One file of a policy repo, wherever it was read: a git blob, a folder, a test. */
export interface SourceFile {
  /** Relative to the repo's root, with `/` between its parts. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Caps on what is read at all: far above any honest repo, far below what would stop the machine. */
export const sourceLimits = {
  /** Bytes of one file. */
  fileBytes: 1024 * 1024,
  files: 50_000,
  /** Nodes that the aliases of one document may expand to. */
  aliasNodes: 1000,
  /** Lists and maps within each other. */
  depth: 64,
} as const;
