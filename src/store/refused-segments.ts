import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { Segment } from './log-segment.ts'

/** Segments that ClickHouse refuses for good, kept for a person to look at, bounded on disk. */
export interface RefusedSegments {
  /** Moves the file here; the oldest ones go when there is no room. */
  add(segment: Segment, reason: string): void
  readonly count: number
  readonly dir: string
}

export function createRefusedSegments(options: {
  readonly dir: string
  readonly bytesMax: number
  readonly events: Pick<StoreEvents, 'segmentRefused' | 'refusedDropped'>
}): RefusedSegments {
  const { dir, events } = options
  mkdirSync(dir, { recursive: true })
  const files = readdirSync(dir)
    .sort()
    .map((name) => ({ file: join(dir, name), bytes: statSync(join(dir, name)).size }))
  let bytes = files.reduce((sum, one) => sum + one.bytes, 0)
  return {
    dir,
    add(segment, reason) {
      const file = join(dir, basename(segment.file))
      // Gone, if somebody took it away by hand: there is nothing to keep then.
      if (!existsSync(segment.file)) {
        events.segmentRefused({ segment: segment.id, reason, file: 'missing' })
        return
      }
      renameSync(segment.file, file)
      files.push({ file, bytes: segment.bytes })
      bytes += segment.bytes
      events.segmentRefused({ segment: segment.id, reason, file })
      while (bytes > options.bytesMax && files.length > 1) {
        const oldest = files.shift()
        if (oldest === undefined) return
        rmSync(oldest.file, { force: true })
        bytes -= oldest.bytes
        events.refusedDropped(oldest)
      }
    },
    get count() {
      return files.length
    },
  }
}
