import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './target.ts'

// What is looked at while a load runs: memory, and how far the database is behind.

export interface MemorySample {
  readonly atMs: number
  readonly serverBytes: number
  readonly databaseBytes: number
}

export interface Observer<T> {
  readonly samples: readonly T[]
  stop(): Promise<readonly T[]>
}

/** Resident memory of both processes, every `everyMs` from now. */
export function watchMemory(target: Target, everyMs: number): Observer<MemorySample> {
  const startMs = performance.now()
  return observe(everyMs, async () => {
    const { server, database } = target.usage()
    const atMs = performance.now() - startMs
    return { atMs, serverBytes: server.nowBytes, databaseBytes: database.nowBytes }
  })
}

const LAG_EVERY_MS = 500

/**
 * How far the database is behind in ms: now minus the newest span it shows, every half second. Spans
 * of the load start when they are sent, so this is the time from sending to being queryable, between
 * two loads at its longest. Nothing while the database does not answer.
 */
export function watchLag(target: Target): Observer<number> {
  return observe(LAG_EVERY_MS, async () => {
    const newest = await newestUnixMs(target).catch(() => 0)
    return newest > 0 ? Date.now() - newest : undefined
  })
}

// Of the column itself: the database has its greatest value at hand, and reads nothing.
export async function newestUnixMs(target: Target): Promise<number> {
  const sql = 'SELECT toUnixTimestamp64Milli(max(Timestamp)) AS newest FROM otel_traces'
  const [row] = await target.query<{ newest: number }>(sql)
  return Number(row?.newest ?? 0)
}

/** Looks every `everyMs`; what it does not see is no sample. */
export function observe<T>(everyMs: number, look: () => Promise<T | undefined>): Observer<T> {
  const samples: T[] = []
  const over = new AbortController()
  const watch = async () => {
    while (!over.signal.aborted) {
      await sleep(everyMs, undefined, { signal: over.signal }).catch(() => {})
      const sample = over.signal.aborted ? undefined : await look()
      if (sample !== undefined) samples.push(sample)
    }
  }
  const watching = watch()
  return {
    samples,
    async stop() {
      over.abort()
      await watching
      return samples
    },
  }
}
