import { COUNT_MIN } from './bins.ts'
import type { Bounded } from './coverage.ts'
import { eligibleOf, okOf, type RequestBin, successOf, sumBins } from './request-bins.ts'

/** Each bin of I is one of these; seconds, which sum to the duration. */
export interface Partition {
  /** Up, and a fallback served less than half of what was served. */
  readonly primary_up: number
  readonly fallback_up: number
  readonly disrupted: number
  /** Fewer than n_min eligible requests, no traffic included. */
  readonly unknown: number
}

/** By request: (N_p + N_f + N_o) / (N − N_u); low counts unknown ones as failed, high as ok. */
export function toAvailability(bins: readonly RequestBin[]): Bounded {
  const sum = sumBins(bins)
  const all = eligibleOf(sum)
  const known = all - sum.unknown
  return {
    value: known > 0 ? okOf(sum) / known : null,
    low: all > 0 ? okOf(sum) / all : undefined,
    high: all > 0 ? (okOf(sum) + sum.unknown) / all : undefined,
  }
}

/** A bin is up when at least θ of its known requests succeed, unknown below n_min. */
export function stateOfBin(bin: RequestBin, theta: number): keyof Partition {
  const success = successOf(bin)
  if (bin.samples < COUNT_MIN || success === undefined) return 'unknown'
  if (success < theta) return 'disrupted'
  return fallbackShareOf(bin) < 0.5 ? 'primary_up' : 'fallback_up'
}

export interface BinFigures {
  readonly bins: readonly RequestBin[]
  readonly binMs: number
  readonly theta: number
}

export function toPartition({ bins, binMs, theta }: BinFigures): Partition {
  const partition = { primary_up: 0, fallback_up: 0, disrupted: 0, unknown: 0 }
  for (const bin of bins) partition[stateOfBin(bin, theta)] += binMs / 1000
  return partition
}

/**
 * Share of uptime that fallback served: over bins with ≥ n_min eligible requests, Σ up·φ / Σ up
 * with φ = N_f / (N_p + N_f + N_o). Null when no bin is up.
 */
export function toUptimeShare({ bins, theta }: BinFigures): {
  readonly value: number | null
  readonly upBinCount: number
} {
  const up = bins.filter((bin) => stateOfBin(bin, theta).endsWith('_up'))
  const share = up.reduce((sum, bin) => sum + fallbackShareOf(bin), 0)
  return { value: up.length > 0 ? share / up.length : null, upBinCount: up.length }
}

/**
 * Seconds of the longest run of bins with eligible requests and none ok; a bin without eligible
 * requests neither extends nor breaks it.
 */
export function toDarkTimeS(bins: readonly RequestBin[], binMs: number): number {
  let run = 0
  let longest = 0
  for (const bin of bins) {
    if (bin.samples === 0) continue
    run = okOf(bin) > 0 ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return (longest * binMs) / 1000
}

/**
 * t9: start of the first ten bins in a row, of those with ≥ n_min eligible requests, that are up,
 * looked for after the first disrupted bin. Null when none is disrupted, or not yet.
 */
export function findMitigatedMs({ bins, theta }: BinFigures): number | null {
  const judged = bins.filter((bin) => bin.samples >= COUNT_MIN)
  const first = judged.findIndex((bin) => stateOfBin(bin, theta) === 'disrupted')
  if (first < 0) return null
  let start: RequestBin | undefined
  let run = 0
  for (const bin of judged.slice(first)) {
    if (stateOfBin(bin, theta) === 'disrupted') {
      run = 0
      start = undefined
      continue
    }
    start ??= bin
    run++
    if (run === 10) return start.atMs
  }
  return null
}

function fallbackShareOf(bin: RequestBin): number {
  const ok = okOf(bin)
  return ok > 0 ? bin.fallback / ok : 0
}
