import { floorToBin } from '../lib/bin-width.ts'
import { COUNT_MIN } from './bins.ts'
import type { Capacity } from './capacity.ts'
import type { PrimaryBin } from './interval.ts'

// p(t): the failure ratio that the primary would have had under full load (DEFINITIONS.md, "Would
// have failed"). It is not observable, so it comes with bounds, and says when it is assumed.

/** One time the route was moved off its primary. */
export interface Move {
  /** t4: the decision to engage. */
  readonly engagedMs: number
  /** The state is `primary` again; absent while it is not. */
  readonly backMs?: number | undefined
  /** A ramp step that gave the primary ≥ 0.25 has passed: the next one, or `primary`, was decided. */
  readonly rampPassedMs?: number | undefined
}

export interface CounterfactualOptions {
  readonly primary: readonly PrimaryBin[]
  readonly binMs: number
  readonly t0Ms: number
  readonly moves: readonly Move[]
  /** `timings.tricklePoolMs`. */
  readonly poolMs: number
  readonly capacity: Pick<Capacity, 'shortfall'>
  /** A rule labelled `class: capacity` is part of the incident: then the value is p_high. */
  readonly isCapacity: boolean
}

export interface Chance {
  readonly value: number
  readonly low: number
  readonly high: number
  /** No trickle bore witness: the value is the ratio before the move. */
  readonly assumed: boolean
}

/**
 * p for the bin of start time that starts at `atMs`.
 *
 * - `before`: failed/(ok+failed) by weight of attempts on the primary in the bins from
 *   max(T0, engaged bin − max(poolMs, binMs)) up to, not including, the bin of the latest move at or
 *   before this bin; when the move is in the bin of T0: that bin. 30 s by timings.
 * - `trickle`: the same ratio over the bins after the bin of that move, the last ceil(poolMs/binMs)
 *   up to this one, stretched back bin by bin (never to the bin of the move) to at most ten times as
 *   many until they hold ≥ 20 attempts; fewer: none.
 * - p_low = max(trickle, 1 − κ·R/λ), p_high = max(p_low, before while no ramp step ≥ 0.25 has
 *   passed, trickle); the value is p_high if `isCapacity`, else p_low.
 * - Without a trickle: value = p_high = max(before, 1 − κ·R/λ), `assumed`; low = 1 − κ·R/λ, else 0.
 * - Before any move (standing exercise): the primary's ratio over the pool up to this bin.
 */
export function createCounterfactual(options: CounterfactualOptions): (atMs: number) => Chance {
  const { binMs, t0Ms, poolMs, capacity, isCapacity } = options
  const ratio = createPool(options.primary, binMs)
  const poolBinCount = Math.max(1, Math.ceil(poolMs / binMs))
  const moves = [...options.moves].sort((a, b) => a.engagedMs - b.engagedMs)
  return (atMs) => {
    const move = moves.findLast(({ engagedMs }) => floorToBin(engagedMs, binMs) <= atMs)
    const moveMs = move === undefined ? undefined : floorToBin(move.engagedMs, binMs)
    const trickle = ratio({
      untilMs: atMs + binMs,
      notBeforeMs: moveMs === undefined ? t0Ms : moveMs + binMs,
      binCount: poolBinCount,
    })
    const shortfall = capacity.shortfall(atMs)
    const floor = shortfall ?? 0
    const before =
      moveMs === undefined ? trickle : beforeMove({ ratio, moveMs, t0Ms, binMs, poolMs })
    if (trickle === undefined) {
      const high = Math.max(before ?? 0, floor)
      return { value: high, low: floor, high, assumed: true }
    }
    const low = Math.max(trickle, floor)
    const isHeld = move?.rampPassedMs === undefined || atMs < move.rampPassedMs
    const high = Math.max(low, isHeld ? (before ?? 0) : 0)
    return { value: isCapacity ? high : low, low, high, assumed: false }
  }
}

interface PoolQuery {
  readonly untilMs: number
  readonly notBeforeMs: number
  /** Bins at least; stretched up to ten times as many. */
  readonly binCount: number
  /** Samples at least, else undefined. Default n_min. */
  readonly countMin?: number
}
type Pool = (query: PoolQuery) => number | undefined

function createPool(primary: readonly PrimaryBin[], binMs: number): Pool {
  const byStart = new Map(primary.map((bin) => [bin.atMs, bin]))
  return ({ untilMs, notBeforeMs, binCount, countMin = COUNT_MIN }) => {
    let count = 0
    let ok = 0
    let failed = 0
    for (let back = 1; back <= binCount * 10; back++) {
      const atMs = untilMs - back * binMs
      if (atMs < notBeforeMs) break
      const bin = byStart.get(atMs)
      count += bin?.count ?? 0
      ok += bin?.ok ?? 0
      failed += bin?.failed ?? 0
      if (back >= binCount && count >= countMin) break
    }
    return count >= countMin ? failed / (ok + failed) : undefined
  }
}

interface BeforeMove {
  readonly ratio: Pool
  readonly moveMs: number
  readonly t0Ms: number
  readonly binMs: number
  readonly poolMs: number
}

function beforeMove({ ratio, moveMs, t0Ms, binMs, poolMs }: BeforeMove): number | undefined {
  const binCount = Math.max(1, Math.ceil(poolMs / binMs))
  const notBeforeMs = Math.max(t0Ms, moveMs - binCount * binMs)
  const untilMs = Math.max(moveMs, notBeforeMs + binMs)
  return ratio({ untilMs, notBeforeMs, binCount, countMin: 1 })
}
