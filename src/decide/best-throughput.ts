import type { Timings } from '../config/timings.ts'
import type { StateStore } from '../model/state-store.ts'

/** κ per target: the best of each stretch of the memory, so that an old best ages out. */
export interface BestThroughput {
  offer(target: string, nowMs: number, perWorkerRps: number): void
  of(target: string, nowMs: number): number | undefined
  /** Writes what is new, at most once per window. */
  save(nowMs: number): void
}

/** Per target: stretch number → best. */
type Best = Record<string, Record<string, number>>

const KEY = 'controller/throughput'
const STRETCHES = 7

export function createBestThroughput(options: {
  readonly store: StateStore
  readonly timings: Timings
}): BestThroughput {
  const { store, timings } = options
  const best: Best = { ...store.get<Best>(KEY)?.value }
  const stretchMs = timings.throughputMemoryMs / STRETCHES
  let isDirty = false
  let savedMs = 0
  return {
    offer(target, nowMs, perWorkerRps) {
      const stretch = Math.floor(nowMs / stretchMs)
      const own = best[target] ?? {}
      best[target] = own
      for (const key of Object.keys(own)) if (Number(key) < stretch - STRETCHES) delete own[key]
      if (perWorkerRps <= (own[stretch] ?? 0)) return
      own[stretch] = perWorkerRps
      isDirty = true
    },
    of(target, nowMs) {
      const oldest = Math.floor(nowMs / stretchMs) - STRETCHES
      const values = Object.entries(best[target] ?? {}).filter(([key]) => Number(key) >= oldest)
      return values.length === 0 ? undefined : Math.max(...values.map(([, value]) => value))
    },
    save(nowMs) {
      if (!isDirty || nowMs - savedMs < timings.throughputWindowMs) return
      store.commit([{ key: KEY, value: best }])
      isDirty = false
      savedMs = nowMs
    },
  }
}
