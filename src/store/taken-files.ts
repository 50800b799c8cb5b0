import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Clock } from '../lib/clock.ts'
import { ONCE_MS, type TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { syncDirectory } from './segment-file.ts'
import { MARK_BYTES, readMark, writeMark } from './taken-mark.ts'

// A request must be remembered if, and only if, what was acknowledged is kept. So its key is in
// the frame of its group in the log: whatever keeps its rows keeps the key. When a segment has been loaded its
// keys are synced into a file here *before* it is removed; a crash in between leaves both, which is
// harmless (the load is deduplicated by its token). A file per minute of removal, 36 bytes per
// request: a little more than ten of them, and nothing is ever rewritten.

export interface TakenFiles {
  /** Resolves when they are on disk; those that could not be put there go with the next ones. */
  keep(taken: readonly TakenRequest[]): Promise<void>
  /** Everything of the last ten minutes, oldest file first. Removes what is older. */
  read(): Promise<TakenRequest[]>
}

const CRC_AT = MARK_BYTES
const RECORD_BYTES = MARK_BYTES + 4
const MINUTE_MS = 60_000
const SUFFIX = '.keys'

export function createTakenFiles(options: {
  readonly dir: string
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'takenNotKept'>
}): TakenFiles {
  const { dir, clock, events } = options
  // Nobody adds to a file of an earlier run, or of a failed write: its end may be torn.
  const run = randomBytes(6).toString('hex')
  let failureCount = 0
  let unkept: readonly TakenRequest[] = []
  let file: string | undefined

  const isDue = ({ receivedUnixMs }: TakenRequest) => clock.nowMs() - receivedUnixMs < ONCE_MS
  const isOver = (name: string) => clock.nowMs() - (minuteOf(name) + 1) * MINUTE_MS > ONCE_MS
  const list = async () => {
    if (!existsSync(dir)) return []
    return (await readdir(dir)).filter((name) => name.endsWith(SUFFIX)).sort()
  }
  const removeOld = async () => {
    for (const name of (await list()).filter(isOver)) await rm(join(dir, name), { force: true })
  }

  return {
    async keep(taken) {
      const due = [...unkept, ...taken].filter(isDue)
      if (due.length === 0) return
      const minute = String(Math.floor(clock.nowMs() / MINUTE_MS)).padStart(10, '0')
      const name = join(dir, `${minute}-${run}-${failureCount}${SUFFIX}`)
      try {
        if (name !== file) await mkdir(dir, { recursive: true, mode: 0o700 })
        await appendSynced(name, Buffer.concat(due.map(toRecord)))
        unkept = []
        if (name === file) return
        file = name
        await syncDirectory(dir)
        await removeOld()
      } catch (fault) {
        // The segment goes all the same, since it may be what fills the disk.
        unkept = due
        failureCount++
        events.takenNotKept({ requestCount: due.length, reason: String(fault) })
      }
    },
    async read() {
      await removeOld()
      const taken: TakenRequest[] = []
      for (const name of await list()) {
        const bytes = await readFile(join(dir, name))
        for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
          const one = readRecord(bytes.subarray(at, at + RECORD_BYTES))
          if (one && isDue(one)) taken.push(one)
        }
      }
      return taken
    },
  }
}

const minuteOf = (name: string) => Number(basename(name).split('-')[0])

function toRecord(taken: TakenRequest): Buffer {
  const record = Buffer.alloc(RECORD_BYTES)
  writeMark({ bytes: record, at: 0 }, taken)
  record.writeUInt32LE(crc32(record.subarray(0, CRC_AT)), CRC_AT)
  return record
}

/** Undefined for a record that a power loss left half written. */
function readRecord(record: Buffer): TakenRequest | undefined {
  if (crc32(record.subarray(0, CRC_AT)) !== record.readUInt32LE(CRC_AT)) return undefined
  return readMark({ bytes: record, at: 0 })
}

async function appendSynced(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.appendFile(bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
