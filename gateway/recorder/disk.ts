import { constants, type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What the recorder asks of a disk; a test hands it one that fails. */
export interface RecordingDisk {
  /** Makes the segment's file, or opens the one that this process made before and could not use. */
  open(path: string): Promise<SegmentFile>;
  /** Replaces a small file in one step, durably. */
  replace(path: string, text: string): Promise<void>;
}

export interface SegmentFile {
  /** Bytes written, which can be fewer than given; durable when this resolves. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A write comes back when its data is durable (POSIX synchronized I/O data integrity, as fdatasync): one call in a thread
 * instead of two, each of which has to be waited for. Elsewhere than on Linux (macOS leaves it in the drive's cache) 0.
 */
const durably = process.platform === 'linux' ? constants.O_DSYNC : 0;

export const nodeDisk: RecordingDisk = {
  async open(path) {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | durably, 0o640);
    try {
      await syncFolder(dirname(path));
    } catch (error) {
      await file.close();
      throw error;
    }
    return segmentFile(file);
  },

  async replace(path, text) {
    const draft = `${path}.draft`;
    const file = await open(draft, 'w', 0o640);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  },
};

/** Makes the folder of a log, durably, when it is not there. */
export async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o750 });
  if (made !== undefined) await syncFolder(dirname(made));
}

function segmentFile(file: FileHandle): SegmentFile {
  return {
    async write(bytes, position) {
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, position);
      if (durably === 0) await file.datasync();
      return bytesWritten;
    },
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  };
}

/** A new name is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
