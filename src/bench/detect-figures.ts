import type { Pack } from './detect-play.ts'
import type { Expectation, ScenarioScore } from './detect-score.ts'
import { medianOf, round } from './statistics.ts'

// Scores as figures: per scenario, per rule, and all together.

type Figures = Readonly<Record<string, unknown>>

const WEEK_HOURS = 168
const seconds = (ms: number | undefined) => (ms === undefined ? null : round(ms / 1_000, 3))

export function scenarioFigures(score: ScenarioScore): Figures {
  const { scenario, expectations, trips, faults, unknownMs } = score
  const falseTrips = trips.filter(({ is }) => is === 'false')
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    hours: round(score.hours, 3),
    requests_per_s: scenario.load.requestsPerS,
    faults: faults.map(({ kind }) => kind),
    found: idsOf(expectations, (one) => one.isFound),
    missed: idsOf(expectations, (one) => one.isInPack && !one.isFound),
    not_in_pack: idsOf(expectations, (one) => !one.isInPack),
    true_trips: trips.filter(({ is }) => is === 'true').length,
    told_again: trips.filter((one) => one.isAgain).map(({ trip }) => trip.rule),
    tolerated_trips: trips.filter(({ is }) => is === 'tolerated').length,
    false_trips: falseTrips.map(({ trip }) => ({
      rule: trip.rule,
      by: trip.by,
      value: trip.value,
      at_s: seconds(trip.atUnixMs - scenarioStart(score)),
    })),
    unknown_s: Object.fromEntries([...unknownMs].map(([rule, ms]) => [rule, seconds(ms)])),
    delays: expectations.filter(({ delayMs }) => delayMs !== undefined).map(delayFigures),
  }
}

function scenarioStart({ faults, scenario }: ScenarioScore): number {
  const [first] = faults
  const [told] = scenario.faults
  return first && told ? first.fromUnixMs - told.fromS * 1_000 : 0
}

function idsOf(all: readonly Expectation[], isWanted: (one: Expectation) => boolean): string[] {
  return [...new Set(all.filter(isWanted).map(({ rule }) => rule))]
}

function delayFigures(one: Expectation): Figures {
  const { delayMs = 0, optimumMs, bucketMs = 1 } = one
  const buckets = optimumMs === undefined ? null : round((delayMs - optimumMs) / bucketMs, 2)
  return {
    rule: one.rule,
    delay_s: seconds(one.delayMs),
    verdict_after_s: seconds(one.judgedDelayMs),
    by_arithmetic_s: seconds(one.optimumMs),
    by_recount_s: seconds(one.exactMs),
    buckets_after_arithmetic: buckets,
    buckets_after_recount: one.bucketsLate === undefined ? null : round(one.bucketsLate, 2),
  }
}

/** One row per rule of the pack, and per rule that a scenario asks for and the pack lacks. */
export function ruleFigures(scores: readonly ScenarioScore[], pack: Pack): Figures[] {
  const hours = sum(scores.map((score) => score.hours))
  const wanted = scores.flatMap(({ expectations }) => expectations.map(({ rule }) => rule))
  const ids = [...new Set([...pack.rules.map(({ id }) => id), ...wanted])]
  const known = new Set(pack.rules.map(({ id }) => id))
  return ids.map((id) => {
    if (!known.has(id)) return { rule: id, in_pack: false, expected: count(wanted, id) }
    const own = scores.flatMap((score) => score.expectations.filter(({ rule }) => rule === id))
    const trips = scores.flatMap((score) => score.trips.filter(({ trip }) => trip.rule === id))
    const numberOf = (is: string) => trips.filter((one) => one.is === is).length
    const [isTrue, isFalse] = [numberOf('true'), numberOf('false')]
    const found = own.filter(({ isFound }) => isFound).length
    const steady = scores
      .filter(isUndisturbed)
      .flatMap((score) => score.expectations.filter((one) => one.rule === id && one.fault.failing))
    const late = steady.flatMap((one) => (one.bucketsLate === undefined ? [] : [one.bucketsLate]))
    const delays = own.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs / 1_000]))
    return {
      rule: id,
      in_pack: true,
      moves_traffic: pack.failoverRules.has(id),
      ...{ expected: own.length, found, missed: own.length - found },
      recall: share(found, own.length),
      ...{ true_trips: isTrue, tolerated_trips: numberOf('tolerated'), false_trips: isFalse },
      precision: share(isTrue, isTrue + isFalse),
      false_trips_per_week: round((isFalse / hours) * WEEK_HOURS, 3),
      delay_p50_s: delays.length > 0 ? round(medianOf(delays), 2) : null,
      delay_max_s: delays.length > 0 ? round(Math.max(...delays), 2) : null,
      // Where the whole primary fails alike and all telemetry comes as it is sent.
      buckets_after_recount_max: late.length > 0 ? round(Math.max(...late), 2) : null,
    }
  })
}

function count(ids: readonly string[], id: string): number {
  return ids.filter((one) => one === id).length
}

export interface TotalFigures {
  readonly scenarios: number
  readonly virtual_hours: number
  readonly faults: number
  readonly expected: number
  readonly found: number
  readonly recall: number | null
  readonly precision: number | null
  readonly false_trips: number
  /** Trips within a fault that was told already by the same rule, and did not end in between. */
  readonly told_again: number
  /** Of rules that may move traffic. */
  readonly failover_false_trips: number
  readonly failover_false_trips_per_week: number
  readonly total_outages: number
  readonly total_outages_found: number
  /** Those whose telemetry comes as it is sent; and of them, as soon as the recount has them. */
  readonly total_outages_undisturbed: number
  readonly total_outages_on_time: number
  readonly rules_not_in_pack: readonly string[]
}

export function totalFigures(scores: readonly ScenarioScore[], pack: Pack): TotalFigures {
  const hours = sum(scores.map((score) => score.hours))
  const all = scores.flatMap(({ expectations }) => expectations)
  const inPack = all.filter(({ isInPack }) => isInPack)
  const found = inPack.filter(({ isFound }) => isFound).length
  const trips = scores.flatMap((score) => score.trips)
  const isTrue = trips.filter(({ is }) => is === 'true').length
  const falseTrips = trips.filter(({ is }) => is === 'false')
  const failoverFalse = falseTrips.filter(({ trip }) => pack.failoverRules.has(trip.rule)).length
  const outages = scores.flatMap((score) => outagesOf(score))
  const timed = scores.filter(isUndisturbed).flatMap((score) => outagesOf(score))
  return {
    scenarios: scores.length,
    virtual_hours: round(hours, 2),
    faults: sum(scores.map(({ faults }) => faults.length)),
    ...{ expected: inPack.length, found },
    recall: share(found, inPack.length),
    precision: share(isTrue, isTrue + falseTrips.length),
    false_trips: falseTrips.length,
    told_again: trips.filter(({ isAgain }) => isAgain).length,
    failover_false_trips: failoverFalse,
    failover_false_trips_per_week: round((failoverFalse / hours) * WEEK_HOURS, 3),
    total_outages: outages.length,
    total_outages_found: outages.filter((one) => isFoundBy(one, pack)).length,
    total_outages_undisturbed: timed.length,
    total_outages_on_time: timed.filter((one) => isOnTime(one, pack)).length,
    rules_not_in_pack: [...new Set(all.filter((one) => !one.isInPack).map(({ rule }) => rule))],
  }
}

/** What a scenario's total outages expect, fault by fault. */
export function outagesOf({ expectations, faults }: ScenarioScore): Expectation[][] {
  return faults
    .filter(({ failing }) => failing?.share === 1)
    .map((fault) => expectations.filter((one) => one.fault === fault))
}

/** Found by at least one rule that moves traffic. */
function isFoundBy(expectations: readonly Expectation[], { failoverRules }: Pack): boolean {
  return expectations.some(({ rule, isFound }) => isFound && failoverRules.has(rule))
}

/** Found by every rule that moves traffic and whose moment truly came, as soon as it did. */
export function isOnTime(expectations: readonly Expectation[], { failoverRules }: Pack): boolean {
  const due = expectations.filter((one) => failoverRules.has(one.rule) && one.exactMs !== undefined)
  return due.length > 0 && due.every((one) => one.isOnTime === true)
}

function isUndisturbed({ scenario }: ScenarioScore): boolean {
  return scenario.disturbances.length === 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : round(part / whole, 4)
}
