import type { Rule, RuleOf } from '../config/rules.ts'
import type { FaultTruth, Scenario } from '../fleet/scenario.ts'
import { SCENARIO_START_UNIX_MS } from '../fleet/scenario-fleet.ts'
import { streamScenario } from '../fleet/scenario-stream.ts'
import { compileMatchers } from '../lib/matcher.ts'
import type { Observation } from '../model/observation.ts'

type Ratio = RuleOf<'ratio'>

/**
 * The moment from which a ratio rule's condition truly held: a plain recount of every attempt or
 * request of the undisturbed stream, in an exact sliding window instead of buckets. The slow twin
 * of the detector, and what no detector can beat.
 */
export function exactMoments(query: ExactQuery): ReadonlyMap<string, number> {
  const { scenario, rules, faults } = query
  const wanted = faults.flatMap((fault) =>
    rules
      .filter(isCountable)
      .filter(({ id }) => fault.expects.includes(id))
      .map((rule) => ({ fault, rule })),
  )
  const ratios = [...new Set(wanted.map(({ rule }) => rule))]
  if (ratios.length === 0) return new Map()
  const items = collect(scenario, ratios)
  return new Map(
    wanted.flatMap(({ fault, rule }) => {
      const found = firstOver(rule, items.get(rule.id) ?? [], fault)
      return found === undefined ? [] : [[keyOf(fault, rule.id), found] as const]
    }),
  )
}

export interface ExactQuery {
  readonly scenario: Scenario
  readonly rules: readonly Rule[]
  readonly faults: readonly FaultTruth[]
}

export function keyOf(fault: FaultTruth, rule: string): string {
  return `${fault.fromUnixMs} ${fault.kind} ${rule}`
}

function isCountable(rule: Rule): rule is Ratio {
  return rule.kind === 'ratio' && (rule.on === 'attempts' || rule.on === 'requests')
}

interface Counted {
  readonly atUnixMs: number
  readonly isBad: boolean
  readonly group: string
  readonly observation: Observation
}

function collect(scenario: Scenario, rules: readonly Ratio[]): Map<string, Counted[]> {
  const takers = rules.map((rule) => ({ rule, take: createTaker(rule), taken: [] as Counted[] }))
  const endUnixMs = SCENARIO_START_UNIX_MS + scenario.durationS * 1_000
  for (const { observations, receivedUnixMs } of streamScenario(scenario)) {
    if (!observations || receivedUnixMs > endUnixMs) continue
    for (const observation of observations)
      for (const { take, taken } of takers) {
        const counted = take(observation)
        if (counted) taken.push(counted)
      }
  }
  for (const { taken } of takers) taken.sort((a, b) => a.atUnixMs - b.atUnixMs)
  return new Map(takers.map(({ rule, taken }) => [rule.id, taken]))
}

/**
 * Outcomes that count in no failure ratio are left out (CONTRACT §3), unless the rule asks for them:
 * by what it calls bad, or by whom it counts at all.
 */
function createTaker(rule: Ratio): (observation: Observation) => Counted | undefined {
  const unit = rule.on === 'attempts' ? 'attempt' : 'request'
  const isIn = compileMatchers(rule.where)
  const isBad = compileMatchers(rule.bad)
  const picksOutcome = Object.hasOwn(rule.where, 'outcome')
  return (observation) => {
    if (observation.unit !== unit || !isIn(observation.field)) return undefined
    const outcome = observation.field('outcome')
    const isOutside = !picksOutcome && (outcome === 'rejected' || outcome === 'cancelled')
    const isCountedBad = isBad(observation.field)
    if (isOutside && !isCountedBad) return undefined
    const group = rule.by.map((key) => String(observation.field(key) ?? '')).join(' ')
    const { atUnixMs } = observation
    return { atUnixMs, group, isBad: isCountedBad, observation }
  }
}

/** First item of a fault at which its group's window (t − window, t] breaches the rule. */
function firstOver(rule: Ratio, items: readonly Counted[], fault: FaultTruth): number | undefined {
  const groups = new Map<string, GroupWindow>()
  for (const item of items) {
    const window = groups.get(item.group) ?? createGroupWindow(rule)
    groups.set(item.group, window)
    const isOver = window.add(item)
    if (isOver && item.atUnixMs >= fault.fromUnixMs)
      return item.atUnixMs <= fault.untilUnixMs + rule.windowMs ? item.atUnixMs : undefined
  }
  return undefined
}

interface GroupWindow {
  add(item: Counted): boolean
}

function createGroupWindow({ windowMs, trip }: Ratio): GroupWindow {
  const items: Counted[] = []
  const distinct = Object.entries(trip.distinctMin ?? {}).map(([key, least]) => ({
    key,
    least: Number(least),
    counts: new Map<string, number>(),
  }))
  let first = 0
  let badCount = 0
  const count = ({ isBad, observation }: Counted, by: 1 | -1) => {
    if (!isBad) return
    badCount += by
    for (const { key, counts } of distinct) {
      const value = String(observation.field(key) ?? '')
      const left = (counts.get(value) ?? 0) + by
      if (left > 0) counts.set(value, left)
      else counts.delete(value)
    }
  }
  return {
    add(item) {
      items.push(item)
      count(item, 1)
      for (let old = items[first]; old && old.atUnixMs <= item.atUnixMs - windowMs; ) {
        count(old, -1)
        old = items[++first]
      }
      const total = items.length - first
      const isEnough = total >= trip.countMin
      const isDistinct = distinct.every(({ least, counts }) => counts.size >= least)
      return isEnough && isDistinct && badCount / total > trip.above
    },
  }
}
