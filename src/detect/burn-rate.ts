import type { RuleOf } from '../config/rules.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { BAD, createShareWindows, SAMPLES, type ShareWindows, TOTAL } from '../lib/share-windows.ts'
import type { Instant, KindState } from './kind.ts'
import { createOutside } from './outcome-scope.ts'
import { bucketEndMs } from './slack.ts'

type Config = RuleOf<'burn_rate'>
type Pair = Config['windows'][number]

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/**
 * Fires when the error budget of an objective burns too fast: for any pair, the bad share of its long
 * and of its short window is over factor × (1 − objective). The long window says that it matters, the
 * short one that it still goes on; it clears when no short window burns too fast.
 *
 * Windows up to an hour slide by a second, longer ones by a minute. The budget is that of the whole
 * window: of one that is not full yet, what was not lived had as much traffic and no errors, so that 38 s
 * of failures burn 38 s of an hour's budget in the tenth minute as in the tenth hour. Missing items bound the shares as in `ratio`. Memory per group, 24 B a
 * bucket: 86 KB for an hour, 95 KB by default, 330 KB at most, with a window of 7 days.
 *
 * @see Beyer et al., The Site Reliability Workbook (2018), ch. 5, "Multiwindow, Multi-Burn-Rate Alerts"
 */
export function createBurnRate(rule: Config): KindState {
  const { trip, windows, objective } = rule
  const isBad = compileMatchers(rule.bad)
  const isOutside = createOutside(rule)
  const rings = createRings(windows)
  const pairs = windows.map((pair) => ({ ...pair, limit: pair.factor * (1 - objective) }))
  /** Event time of the oldest item ever. */
  let sinceMs = Number.POSITIVE_INFINITY
  const query = (at: Instant, windowMs: number): ShareQuery => ({
    ring: rings.of(windowMs),
    at,
    windowMs,
    sinceMs,
  })
  const shareOf = (at: Instant, windowMs: number) => shareIn(query(at, windowMs))

  return {
    add(item) {
      const bad = isBad(item.read)
      if (!bad && isOutside(item)) return undefined
      let isAdded = false
      for (const ring of rings.all) if (ring.add(item.atUnixMs, item, bad)) isAdded = true
      if (isAdded) sinceMs = Math.min(sinceMs, item.atUnixMs)
      return isAdded ? bad : undefined
    },
    judge(at) {
      for (const ring of rings.all) ring.moveTo(at.endUnixMs)
      let outcome: Outcome = 'few'
      let worst: Burning = { heat: -1, value: null, threshold: 0, count: 0 }
      for (const { longMs, shortMs, limit, factor } of pairs) {
        const long = shareOf(at, longMs)
        const own = outcomeOf({ long, short: shareOf(at, shortMs), limit, countMin: trip.countMin })
        if (RANK[own] > RANK[outcome]) outcome = own
        const heat = (long.value ?? 0) / limit
        if (heat <= worst.heat) continue
        const value = long.value === null ? null : long.value / (1 - objective)
        worst = { heat, value, threshold: factor, count: long.count }
      }
      const { value, threshold, count } = worst
      return { outcome, value, threshold, count }
    },
    slack(endUnixMs, outcome) {
      // The finest buckets: what holds in them holds in all.
      const untilUnixMs = bucketEndMs(endUnixMs, finestBucketMs(rings.all))
      const needs = pairs.map((pair) => {
        const sum = (channel: number, ms: number) => rings.of(ms).sum(channel, endUnixMs, ms)
        if (outcome === 'few') return trip.countMin - sum(SAMPLES, pair.longMs)
        const badUpTo = (ms: number) => {
          const livedMs = Math.max(untilUnixMs - sinceMs, rings.of(ms).bucketMs)
          return pair.limit * sum(TOTAL, ms) * Math.max(1, ms / livedMs) - sum(BAD, ms)
        }
        return Math.max(badUpTo(pair.longMs), badUpTo(pair.shortMs))
      })
      return { weight: Math.min(...needs), untilUnixMs }
    },
    clears(at) {
      for (const { shortMs, limit } of pairs)
        if (highOf(sumsIn(query(at, shortMs)), at.missing(shortMs)) > limit) return false
      return true
    },
    restart() {
      for (const ring of rings.all) ring.clear()
      sinceMs = Number.POSITIVE_INFINITY
    },
    save: () => [sinceMs, ...rings.all.map((ring) => ring.save())],
    load(saved) {
      const [since, ...own]: unknown[] = Array.isArray(saved) ? saved : []
      if (typeof since !== 'number' || Number.isNaN(since)) return false
      sinceMs = since
      return (
        own.length === rings.all.length && rings.all.every((ring, index) => ring.load(own[index]))
      )
    },
  }
}

interface Burning {
  /** Burn over factor. */
  readonly heat: number
  readonly value: number | null
  readonly threshold: number
  readonly count: number
}

type Outcome = 'trips' | 'open' | 'calm' | 'few'
/** What one pair knows goes before what another does not. */
const RANK: Readonly<Record<Outcome, number>> = { few: 0, calm: 1, open: 2, trips: 3 }

interface Share {
  readonly count: number
  readonly missing: number
  readonly value: number | null
  /** Between these, with what is missing. */
  readonly low: number
  readonly high: number
}

interface ShareQuery {
  readonly ring: ShareWindows
  readonly at: Instant
  readonly windowMs: number
  readonly sinceMs: number
}

interface Sums {
  readonly count: number
  readonly bad: number
  /** Of all items, had the whole window been lived. */
  readonly whole: number
}

function sumsIn({ ring, at, windowMs, sinceMs }: ShareQuery): Sums {
  const count = ring.sum(SAMPLES, at.endUnixMs, windowMs)
  // Running sums of fractions leave crumbs.
  if (count === 0) return { count, bad: 0, whole: 0 }
  // At least a bucket was lived, so that the first moment is not taken for endless traffic.
  const livedMs = Math.max(at.endUnixMs - sinceMs, ring.bucketMs)
  const whole = ring.sum(TOTAL, at.endUnixMs, windowMs) * Math.max(1, windowMs / livedMs)
  return { count, bad: ring.sum(BAD, at.endUnixMs, windowMs), whole }
}

/** The most that the share can be, with what is missing. */
function highOf({ bad, whole }: Sums, missing: number): number {
  return whole + missing > 0 ? (bad + missing) / (whole + missing) : 0
}

function shareIn(query: ShareQuery): Share {
  const { ring, at, windowMs } = query
  const sums = sumsIn(query)
  const { count, bad, whole } = sums
  const missing = at.missing(windowMs)
  // What fires already goes on while something is missing.
  const owed = at.isTripped ? 0 : missing
  // The good ones of the bucket that is just leaving count as still inside, so that it trips up to
  // one bucket late and never early.
  const leaving = (channel: number) => ring.sum(channel, at.endUnixMs - windowMs, ring.bucketMs)
  const edge = leaving(TOTAL) - leaving(BAD)
  return {
    count,
    missing,
    value: whole > 0 ? bad / whole : null,
    low: bad > 0 ? bad / (whole + edge + owed) : 0,
    high: highOf(sums, missing),
  }
}

interface PairShares {
  readonly long: Share
  readonly short: Share
  readonly limit: number
  readonly countMin: number
}

function outcomeOf({ long, short, limit, countMin }: PairShares): Outcome {
  const isEnough = long.count >= countMin
  if (isEnough && long.low > limit && short.low > limit) return 'trips'
  if (long.missing === 0) return isEnough ? 'calm' : 'few'
  if (long.count + long.missing < countMin) return 'few'
  return long.high > limit && short.high > limit ? 'open' : 'calm'
}

function finestBucketMs(rings: readonly ShareWindows[]): number {
  return Math.min(...rings.map(({ bucketMs }) => bucketMs))
}

const isFine = (ms: number) => ms <= HOUR_MS

const windowsOf = (windows: readonly Pair[]) => [
  ...new Set(windows.flatMap(({ longMs, shortMs }) => [longMs, shortMs])),
]

/** A second, in short rehearsals less. */
function fineBucketMs(fineMs: readonly number[]): number {
  const finestMs = Math.max(10, Math.min(...fineMs) / 90, Math.max(...fineMs) / 3_600)
  return Math.min(1_000, finestMs)
}

/** Sizes of the buckets that such a rule sorts items into. */
export function burnBucketsOf({ windows }: Pick<Config, 'windows'>): readonly number[] {
  const fineMs = windowsOf(windows).filter(isFine)
  return fineMs.length > 0 ? [fineBucketMs(fineMs), MINUTE_MS] : [MINUTE_MS]
}

/** The ring of each window: up to an hour in fine buckets, beyond it of 60 s. */
function createRings(windows: readonly Pair[]) {
  const all = windowsOf(windows)
  const fineMs = all.filter(isFine)
  const coarseMs = all.filter((ms) => !isFine(ms))
  const create = (bucketMs: number, windowsMs: readonly number[]) =>
    windowsMs.length > 0 ? createShareWindows({ bucketMs, windowsMs }) : undefined
  const fine = create(fineBucketMs(fineMs), fineMs)
  const coarse = create(MINUTE_MS, coarseMs)
  const used = [fine, coarse].filter((ring) => ring !== undefined)
  return {
    all: used,
    of: (ms: number) => (isFine(ms) ? fine : coarse) as ShareWindows,
  }
}
