import type { Rule } from '../config/rules.ts'
import type { FaultTruth, Scenario } from '../fleet/scenario.ts'
import { truthOf } from '../fleet/scenario-truth.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { exactMoments, keyOf } from './detect-exact.ts'
import { optimumMs } from './detect-optimum.ts'
import type { Pack, Played, Trip } from './detect-play.ts'

/** One rule that a fault asks for: whether it came, and when. */
export interface Expectation {
  readonly rule: string
  readonly fault: FaultTruth
  /** No such rule in the pack: neither found nor missed. */
  readonly isInPack: boolean
  readonly isFound: boolean
  /** Of its window; what it can tell apart. */
  readonly bucketMs?: number
  /** From the start of the fault to the first verdict, by event time and by our own clock. */
  readonly delayMs?: number
  readonly judgedDelayMs?: number
  /** The same by arithmetic of steady traffic, and by a recount of this very stream. */
  readonly optimumMs?: number
  readonly exactMs?: number
  /** How long after the recounted moment it fired, and in buckets of its window. */
  readonly lateMs?: number
  readonly bucketsLate?: number
  /** No later than a bucket and an export: what came within one export is judged as one. */
  readonly isOnTime?: boolean
}

interface JudgedTrip {
  readonly trip: Trip
  readonly is: 'true' | 'tolerated' | 'false'
  /** Of a fault that neither comes and goes nor ended: it was told already. */
  readonly isAgain: boolean
}

export interface ScenarioScore {
  readonly scenario: Scenario
  readonly hours: number
  readonly faults: readonly FaultTruth[]
  readonly expectations: readonly Expectation[]
  readonly trips: readonly JudgedTrip[]
  /** By rule. */
  readonly unknownMs: Played['unknownMs']
}

/** What is late in coming at the end of a fault: lateness of telemetry and export. */
const SLACK_MS = 15_000

/** Compares what fired with what happened. */
export function scoreScenario(scenario: Scenario, played: Played, { rules }: Pack): ScenarioScore {
  const faults = truthOf(scenario)
  const exact = exactMoments({ scenario, rules, faults })
  const byId = new Map(rules.map((rule) => [rule.id, rule]))
  const reachOf = (id: string) => {
    const rule = byId.get(id)
    return rule ? reachMs(rule) + SLACK_MS : 0
  }
  /** A composite says again what the rules say that it names. */
  const looksAtOf = (id: string): readonly string[] => {
    const rule = byId.get(id)
    if (rule?.kind !== 'all_of' && rule?.kind !== 'any_of') return []
    return rule.rules.flatMap((named) => [named, ...looksAtOf(named)])
  }
  const steady = scenario.faults.some(comesAndGoes) ? [] : faults
  const judged = played.trips.map((trip, index) => ({
    trip,
    is: judgeTrip(trip, faults, { reach: reachOf(trip.rule), looksAt: looksAtOf(trip.rule) }),
    isAgain: isAgain(trip, played.trips.slice(0, index), {
      faults: steady,
      reach: reachOf(trip.rule),
    }),
  }))
  const expectations = faults.flatMap((fault) =>
    fault.expects.map((id): Expectation => {
      const rule = byId.get(id)
      if (!rule) return { rule: id, fault, isInPack: false, isFound: false }
      const exactUnixMs = exact.get(keyOf(fault, id))
      const { requestsPerS, exportEveryMs } = scenario.load
      const optimum = optimumMs({ rule, fault, requestsPerS })
      return {
        ...{ rule: id, fault, isInPack: true, bucketMs: bucketMsOf(rule.windowMs) },
        ...foundIn({
          ...{ trips: played.trips, fault, rule, exactUnixMs, exportEveryMs },
          reachMs: reachOf(id),
        }),
        ...(optimum !== undefined && { optimumMs: optimum }),
      }
    }),
  )
  const { unknownMs } = played
  const hours = scenario.durationS / 3_600
  return { scenario, hours, faults, expectations, trips: judged, unknownMs }
}

interface TripRule {
  readonly reach: number
  readonly looksAt: readonly string[]
}

function judgeTrip(
  trip: Trip,
  faults: readonly FaultTruth[],
  { reach, looksAt }: TripRule,
): JudgedTrip['is'] {
  const near = faults.filter((fault) => isNear(trip, fault, reach))
  if (near.some((fault) => fault.expects.includes(trip.rule) && isNamed(trip, fault))) return 'true'
  const isTolerated = near.some(
    ({ expects, tolerates }) =>
      tolerates.includes(trip.rule) ||
      looksAt.some((rule) => expects.includes(rule) || tolerates.includes(rule)),
  )
  return isTolerated ? 'tolerated' : 'false'
}

function comesAndGoes({ effects }: Scenario['faults'][number]): boolean {
  return effects.some((effect) => 'turns' in effect && effect.turns !== undefined)
}

function isAgain(
  trip: Trip,
  before: readonly Trip[],
  { faults, reach }: { readonly faults: readonly FaultTruth[]; readonly reach: number },
): boolean {
  const key = tripKey(trip)
  const own = before.filter((one) => tripKey(one) === key)
  return faults.some((fault) => {
    return isNear(trip, fault, reach) && own.some((one) => isNear(one, fault, reach))
  })
}

const tripKey = ({ rule, by }: Trip) => JSON.stringify([rule, by])

/** While the fault lasts, or while the rule's window may still hold it. */
function isNear({ atUnixMs }: Trip, fault: FaultTruth, reach: number): boolean {
  return atUnixMs >= fault.fromUnixMs && atUnixMs <= fault.untilUnixMs + reach
}

function isNamed({ by }: Trip, fault: FaultTruth): boolean {
  return Object.entries(fault.by).every(
    ([key, value]) => by[key] === undefined || by[key] === value,
  )
}

interface FoundQuery {
  readonly trips: readonly Trip[]
  readonly fault: FaultTruth
  readonly rule: Rule
  readonly exactUnixMs: number | undefined
  readonly exportEveryMs: number
  readonly reachMs: number
}

function foundIn(query: FoundQuery): Omit<Expectation, 'rule' | 'fault' | 'isInPack' | 'bucketMs'> {
  const { trips, fault, rule, exactUnixMs, exportEveryMs, reachMs: reach } = query
  const own = trips.filter((trip) => trip.rule === rule.id && isNamed(trip, fault))
  const trip = own.find((one) => isNear(one, fault, reach))
  const exactMs = exactUnixMs === undefined ? {} : { exactMs: exactUnixMs - fault.fromUnixMs }
  if (!trip) {
    // It may fire still, for a fault before this one.
    const isFiring = own.some(
      (one) => one.atUnixMs < fault.fromUnixMs && one.untilUnixMs > fault.fromUnixMs,
    )
    return { isFound: isFiring, ...exactMs }
  }
  return {
    isFound: true,
    delayMs: trip.atUnixMs - fault.fromUnixMs,
    judgedDelayMs: trip.judgedUnixMs - fault.fromUnixMs,
    ...exactMs,
    ...(exactUnixMs !== undefined &&
      latenessOf({ rule, lateMs: trip.atUnixMs - exactUnixMs, exportEveryMs })),
  }
}

function latenessOf(query: { rule: Rule; lateMs: number; exportEveryMs: number }) {
  const { rule, lateMs, exportEveryMs } = query
  const bucketMs = bucketMsOf(rule.windowMs)
  const isOnTime = lateMs >= -bucketMs && lateMs <= bucketMs + exportEveryMs
  return { lateMs, bucketsLate: lateMs / bucketMs, isOnTime }
}

/** The longest that a rule looks back to judge now; baselines apart. */
function reachMs(rule: Rule): number {
  const silentMs = rule.kind === 'silence' ? rule.trip.silentMs : 0
  return Math.max(rule.windowMs, silentMs, ...windowsOf(rule))
}

/** Rules with windows of their own, such as those of burning budgets, by the names of their file. */
function windowsOf(rule: Rule): number[] {
  const windows = 'windows' in rule && Array.isArray(rule.windows) ? rule.windows : []
  return windows.flatMap((window: unknown) =>
    Object.values(window as Record<string, unknown>).filter((value) => typeof value === 'number'),
  )
}
