import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { tableFileOf } from './log-segment.ts'
import { syncDirectory } from './segment-file.ts'

/** Blocks that ClickHouse refuses for good, kept for a person to look at, bounded on disk. */
export interface RefusedBlocks {
  /** Resolves when they are on disk here, the reason beside them; the oldest go for their room. */
  add(blocks: RefusedPart): Promise<void>
  readonly count: number
  /** Of the newest one of this run. */
  readonly reason: string | undefined
  readonly dir: string
}

/** Blocks that lie one behind the other. */
export interface RefusedPart {
  readonly segment: string
  readonly table: string
  /** Where they lie now. */
  readonly file: string
  readonly from: number
  readonly byteCount: number
  readonly blockCount: number
  readonly rowCount: number
  readonly reason: string
}

const BLOCKS = '.native'
const REASON = '.txt'

export function createRefusedBlocks(options: {
  readonly dir: string
  readonly bytesMax: number
  readonly events: Pick<StoreEvents, 'blocksRefused' | 'refusedDropped'>
}): RefusedBlocks {
  const { dir, events } = options
  mkdirSync(dir, { recursive: true })
  const files = readdirSync(dir)
    .filter((name) => name.endsWith(BLOCKS))
    .sort()
    .map((name) => ({ file: join(dir, name), bytes: statSync(join(dir, name)).size }))
  let bytes = files.reduce((sum, one) => sum + one.bytes, 0)
  let reason: string | undefined

  const makeRoom = () => {
    while (bytes > options.bytesMax && files.length > 1) {
      const oldest = files.shift()
      if (oldest === undefined) return
      rmSync(oldest.file, { force: true })
      rmSync(reasonFileOf(oldest.file), { force: true })
      bytes -= oldest.bytes
      events.refusedDropped(oldest)
    }
  }
  return {
    dir,
    async add(part) {
      const name = tableFileOf(`${part.segment}.${part.from}`, part.table)
      const file = join(dir, name)
      const { segment, table, blockCount, rowCount, reason: why } = part
      reason = `${table}: ${why}`
      const event = { segment, table, blockCount, rowCount, reason: why }
      // Gone, if somebody took it away by hand: there is nothing to keep then.
      if (!existsSync(part.file)) {
        events.blocksRefused({ ...event, file: 'missing' })
        return
      }
      await writeSynced(reasonFileOf(file), Buffer.from(renderReason(part)))
      await copyPart(part, file)
      await syncDirectory(dir)
      if (!files.some((one) => one.file === file)) {
        files.push({ file, bytes: part.byteCount })
        bytes += part.byteCount
      }
      events.blocksRefused({ ...event, file })
      makeRoom()
    },
    get count() {
      return files.length
    },
    get reason() {
      return reason
    },
  }
}

const reasonFileOf = (file: string) => file.slice(0, -BLOCKS.length) + REASON

function renderReason({ table, rowCount, blockCount, reason }: RefusedPart): string {
  return `${rowCount} rows of ${table} in ${blockCount} Native blocks, refused by ClickHouse:\n${reason}\n`
}

/** Complete or not there: a crash in between leaves the segment, and it is done again. */
async function copyPart(part: RefusedPart, to: string): Promise<void> {
  const draft = `${to}.draft`
  const source = await open(part.file, 'r')
  try {
    const bytes = Buffer.alloc(part.byteCount)
    await source.read(bytes, 0, part.byteCount, part.from)
    await writeSynced(draft, bytes)
  } finally {
    await source.close()
  }
  await rename(draft, to)
}

async function writeSynced(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } catch (fault) {
    await rm(file, { force: true })
    throw fault
  } finally {
    await handle.close()
  }
}
