// What the primary is known to be able to carry (DEFINITIONS.md κ·R/λ; safety rule S12). An
// overloaded primary looks healthy as soon as it is relieved, so its trickle alone proves nothing.

/** A reading of the gauge of ready workers; several series (pools) add up. */
export interface ReadyReading {
  readonly series: string
  readonly atMs: number
  readonly value: number
}

/** Ok attempts on the primary that *ended* in one throughput window, aligned to the epoch. */
export interface Throughput {
  readonly atMs: number
  readonly ok: number
}

/** Offered requests that started in one bin. */
export interface OfferedBin {
  readonly atMs: number
  readonly offered: number
}

export interface CapacityOptions {
  readonly readings: readonly ReadyReading[]
  readonly throughput: readonly Throughput[]
  /** `timings.throughputWindowMs`. */
  readonly windowMs: number
  readonly offered: readonly OfferedBin[]
  readonly binMs: number
}

export interface Capacity {
  /** κ, ok/s per ready worker: best full window; undefined when unknown. */
  readonly perWorker: number | undefined
  /** R: sum over series of the newest reading at or before `atMs`; undefined before the first. */
  readyAt(atMs: number): number | undefined
  /** λ: mean over ceil(windowMs/binMs) bins up to and including the one that starts at `atMs`. */
  offeredPerSecond(atMs: number): number
  /**
   * 1 − κ·R/λ for the bin that starts at `atMs`, R as known at that instant, at least 0: the failure
   * ratio that full load would have at least. Undefined without ready workers, κ or traffic.
   */
  shortfall(atMs: number): number | undefined
}

/**
 * κ = max over full windows (not the first and not the last that hold an ok attempt) of
 * ok / window seconds / R at the end of the window; windows without a reading or with R = 0 are
 * passed over.
 */
export function createCapacity(options: CapacityOptions): Capacity {
  const { windowMs, binMs } = options
  const readyAt = createReadyAt(options.readings)
  const windows = [...options.throughput].sort((a, b) => a.atMs - b.atMs).slice(1, -1)
  const perWorkers = windows.flatMap(({ atMs, ok }) => {
    const ready = readyAt(atMs + windowMs)
    return ready !== undefined && ready > 0 ? [ok / (windowMs / 1000) / ready] : []
  })
  const perWorker = perWorkers.length === 0 ? undefined : Math.max(...perWorkers)
  const byStart = new Map(options.offered.map((bin) => [bin.atMs, bin.offered]))
  const binCount = Math.max(1, Math.ceil(windowMs / binMs))
  const offeredPerSecond = (atMs: number) => {
    let sum = 0
    for (let back = 0; back < binCount; back++) sum += byStart.get(atMs - back * binMs) ?? 0
    return sum / ((binCount * binMs) / 1000)
  }
  return {
    perWorker,
    readyAt,
    offeredPerSecond,
    shortfall(atMs) {
      const ready = readyAt(atMs)
      const perSecond = offeredPerSecond(atMs)
      if (ready === undefined || perWorker === undefined || perSecond === 0) return undefined
      return Math.max(0, 1 - (perWorker * ready) / perSecond)
    },
  }
}

function createReadyAt(readings: readonly ReadyReading[]): Capacity['readyAt'] {
  const bySeries = new Map<string, ReadyReading[]>()
  for (const reading of [...readings].sort((a, b) => a.atMs - b.atMs)) {
    const own = bySeries.get(reading.series) ?? []
    own.push(reading)
    bySeries.set(reading.series, own)
  }
  return (atMs) => {
    let sum: number | undefined
    for (const own of bySeries.values()) {
      const newest = lastUpTo(own, atMs)
      if (newest) sum = (sum ?? 0) + newest.value
    }
    return sum
  }
}

/** The newest reading at or before `atMs`, by bisection. */
function lastUpTo(readings: readonly ReadyReading[], atMs: number): ReadyReading | undefined {
  let low = 0
  let high = readings.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((readings[middle]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1
    else high = middle
  }
  return readings[low - 1]
}
