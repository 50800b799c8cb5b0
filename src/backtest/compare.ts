import type { Difference, MatchedTrip, Trip } from '../model/backtest.ts'
import { type Episode, keyOf } from './episodes.ts'

const DAYS_30_MS = 30 * 86_400_000
const FORGIVEN_S = 0.001

/**
 * Sets trips of one rule beside those of a reference. Two are one event when they belong to the same
 * group and overlap, or start within `nearMs` of each other; of several the nearest start counts.
 */
export function compareTrips(query: {
  readonly trips: readonly Episode[]
  readonly reference: readonly Episode[]
  readonly nearMs: number
  readonly rangeMs: number
}): Difference {
  const { trips, reference, nearMs, rangeMs } = query
  const free = new Set(reference)
  const matched: MatchedTrip[] = []
  const extra: Trip[] = []
  for (const trip of trips) {
    const other = nearest(trip, free, nearMs)
    if (other) free.delete(other)
    if (other) matched.push(toMatched(trip, other))
    else extra.push(toTrip(trip))
  }
  const missing = [...free].map(toTrip)
  return { summary: summarize({ matched, extra, missing }, rangeMs), matched, extra, missing }
}

export function per30Days(count: number, rangeMs: number): number {
  return Math.round((count * DAYS_30_MS * 10) / rangeMs) / 10
}

export function toTrip({ by, firedUnixMs, clearedUnixMs }: Episode): Trip {
  return {
    by,
    fired_at: toTime(firedUnixMs),
    cleared_at: clearedUnixMs === undefined ? null : toTime(clearedUnixMs),
  }
}

export const toTime = (unixMs: number) => new Date(unixMs).toISOString()

function nearest(trip: Episode, others: ReadonlySet<Episode>, nearMs: number) {
  const key = keyOf(trip.rule, trip.by)
  const distance = (other: Episode) => Math.abs(other.firedUnixMs - trip.firedUnixMs)
  return [...others]
    .filter((other) => keyOf(other.rule, other.by) === key)
    .filter((other) => distance(other) <= nearMs || isOverlapping(trip, other))
    .sort((a, b) => distance(a) - distance(b))[0]
}

function isOverlapping(a: Episode, b: Episode): boolean {
  const endOf = ({ clearedUnixMs = Number.POSITIVE_INFINITY }: Episode) => clearedUnixMs
  return a.firedUnixMs <= endOf(b) && b.firedUnixMs <= endOf(a)
}

function toMatched(trip: Episode, reference: Episode): MatchedTrip {
  const { clearedUnixMs: own } = trip
  const { clearedUnixMs: other } = reference
  return {
    ...toTrip(trip),
    reference: toTrip(reference),
    fired_earlier_s: (reference.firedUnixMs - trip.firedUnixMs) / 1_000,
    cleared_earlier_s: own === undefined || other === undefined ? null : (other - own) / 1_000,
  }
}

function summarize(
  { matched, extra, missing }: Omit<Difference, 'summary'>,
  rangeMs: number,
): string {
  const parts: string[] = []
  const shiftS = median(matched.map(({ fired_earlier_s }) => fired_earlier_s))
  if (Math.abs(shiftS) > FORGIVEN_S)
    parts.push(`${seconds(Math.abs(shiftS))} ${shiftS > 0 ? 'earlier' : 'later'}`)
  const clearS = median(matched.flatMap(({ cleared_earlier_s: own }) => own ?? []))
  if (Math.abs(clearS) > FORGIVEN_S)
    parts.push(`clears ${seconds(Math.abs(clearS))} ${clearS > 0 ? 'earlier' : 'later'}`)
  if (extra.length > 0) parts.push(`${countOf(extra.length, 'more', rangeMs)}`)
  if (missing.length > 0) parts.push(`${countOf(missing.length, 'fewer', rangeMs)}`)
  return parts.length === 0 ? 'the same' : parts.join(', ')
}

/** A short range says how many there were in it; what that makes in 30 days is a figure of its own. */
function countOf(count: number, word: string, rangeMs: number): string {
  const isMonth = rangeMs >= DAYS_30_MS * 0.97
  const span = isMonth ? 'in 30 days' : `in ${renderLength(rangeMs)}`
  return `${count} ${word} ${count === 1 ? 'trip' : 'trips'} ${span}`
}

function renderLength(ms: number): string {
  if (ms >= 2 * 86_400_000) return `${Math.round(ms / 86_400_000)} days`
  if (ms >= 2 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1_000)} s`
}

const seconds = (s: number) => `${s >= 10 ? Math.round(s) : Math.round(s * 10) / 10} s`

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return 0
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}
