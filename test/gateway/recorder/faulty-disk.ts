import { nodeDisk, type RecordingDisk } from '../../../gateway/recorder/disk.ts';

/** A real disk whose next calls fail as told, and that can be held. */
export class FaultyDisk implements RecordingDisk {
  /** Error code that each write fails with, after so many bytes; undefined = it works. */
  writeFault: { readonly code: string; readonly after: number } | undefined;
  /** Error code with which each write fails that has put its bytes into the file. */
  syncFault: string | undefined;
  replaceFault: string | undefined;
  openFault: string | undefined;
  /** While set, writes wait for it. */
  held: Promise<void> | undefined;
  /** Most bytes one write takes. */
  shortWrite = Number.POSITIVE_INFINITY;
  writes = 0;

  async open(path: string): ReturnType<RecordingDisk['open']> {
    if (this.openFault) throw fault(this.openFault);
    const file = await nodeDisk.open(path);
    return {
      ...file,
      write: async (bytes, position) => {
        await this.held;
        this.writes++;
        if (this.writeFault) {
          await file.write(bytes.subarray(0, this.writeFault.after), position);
          throw fault(this.writeFault.code);
        }
        const written = await file.write(bytes.subarray(0, this.shortWrite), position);
        if (this.syncFault) throw fault(this.syncFault);
        return written;
      },
    };
  }

  async replace(path: string, text: string): Promise<void> {
    if (this.replaceFault) throw fault(this.replaceFault);
    await nodeDisk.replace(path, text);
  }
}

function fault(code: string): Error {
  return Object.assign(new TypeError(`${code}: canary`), { code });
}
