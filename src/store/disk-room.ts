import { statfs } from 'node:fs/promises'
import type { Cancel, Clock } from '../lib/clock.ts'

/**
 * Whether the disk of a directory is nearly full, as of a second ago. A log that takes the last byte
 * is never emptied again: an embedded database on the same disk cannot store what waits in it, and
 * control state could not be written either.
 */
export interface DiskRoom {
  readonly isShort: boolean
  /** Looks now, and every second until cancelled. Resolves after the first look. */
  watch(): Promise<Cancel>
}

const EVERY_MS = 1_000
/** A few loads and merges; of a small disk, a twentieth. */
const RESERVE_BYTES = 512 << 20
const RESERVE_SHARE = 0.05

export function createDiskRoom(options: { readonly dir: string; readonly clock: Clock }): DiskRoom {
  let isShort = false
  const look = async () => {
    try {
      const { bsize, blocks, bavail } = await statfs(options.dir)
      // Some network file systems do not tell their size.
      isShort =
        blocks > 0 && bavail * bsize < Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE)
    } catch {
      // Not there, or not readable: writing will say so.
      isShort = false
    }
  }
  return {
    get isShort() {
      return isShort
    },
    async watch() {
      await look()
      return options.clock.every(EVERY_MS, () => void look())
    },
  }
}
