import { setTimeout as sleep } from 'node:timers/promises'
import { round } from './statistics.ts'
import type { Target } from './target.ts'

// What has become of the spans that were sent.

export async function countStored(target: Pick<Target, 'query'>): Promise<number> {
  const [row] = await target.query<{ n: number }>('SELECT count() AS n FROM otel_traces')
  return Number(row?.n ?? 0)
}

const LOOK_EVERY_MS = 100

export interface Drained {
  readonly storedCount: number
  /** Until so many could be queried, or until nothing more came. */
  readonly drainMs: number
}

/** Waits until `count` spans can be queried; not longer than `msMax`, then it is what it is. */
export async function drain(
  target: Pick<Target, 'query'>,
  { count, msMax }: { readonly count: number; readonly msMax: number },
): Promise<Drained> {
  const startMs = performance.now()
  for (;;) {
    const storedCount = await countStored(target).catch(() => 0)
    const drainMs = performance.now() - startMs
    if (storedCount >= count || drainMs > msMax) return { storedCount, drainMs }
    await sleep(LOOK_EVERY_MS)
  }
}

/** A set of twelve million ids at once would not fit beside everything else. */
const SLICES = 8

/** Rows whose span id another row has too; ids are random, so that each is there once. */
export async function countDoubled(target: Pick<Target, 'query'>): Promise<number> {
  let doubledCount = 0
  for (let slice = 0; slice < SLICES; slice++) {
    const [row] = await target.query<{ n: number }>(
      `SELECT count() - uniqExact(id) AS n FROM (
         SELECT reinterpretAsUInt64(unhex(SpanId)) AS id FROM otel_traces
       ) WHERE id % ${SLICES} = ${slice}`,
    )
    doubledCount += Number(row?.n ?? 0)
  }
  return doubledCount
}

export interface PartCounts {
  readonly parts: number
  readonly bytes_stored_per_span: number
}

/** Of the table of spans, as it lies on disk now. */
export async function readParts(target: Pick<Target, 'query'>): Promise<PartCounts> {
  const [row] = await target.query<{ parts: number; bytes: number; n: number }>(
    `SELECT count() AS parts, sum(bytes_on_disk) AS bytes, sum(rows) AS n FROM system.parts
     WHERE active AND database = currentDatabase() AND table = 'otel_traces'`,
  )
  const { parts = 0, bytes = 0, n = 0 } = row ?? {}
  return { parts: Number(parts), bytes_stored_per_span: round(Number(bytes) / Number(n || 1), 1) }
}
