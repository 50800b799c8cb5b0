import { stringify } from 'yaml'
import type { Rule } from '../config/rules.ts'
import { createTopology } from '../config/topology.ts'
import { keysOf } from '../detect/keys-of.ts'
import { unitsOf } from '../detect/kinds.ts'
import type { ReplayFrame } from '../detect/replay.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import type { BacktestResult, Trip } from '../model/backtest.ts'
import type { FieldValue, Observation } from '../model/observation.ts'
import type { Group } from '../model/verdict.ts'
import { type FixtureItem, toInputs } from './fixture-inputs.ts'
import type { BacktestOrder } from './run.ts'

/** Which rule a test is made of; of its groups, the one that tripped first. */
export interface FixtureOrder {
  readonly rule: string
  readonly by?: Group
}

export interface FixtureRecording {
  seen(frame: ReplayFrame): void
  /** The test as YAML; undefined when the rule did not trip. */
  render(result: Pick<BacktestResult, 'rules'>): string | undefined
}

/** About a day of a busy rule; of more, the newest before the trip are left out, and it is said. */
const ITEMS_MAX = 2_000_000
/** Tests give each item an identity of its own: rules that count them find as many. */
const OWN_IN_TESTS = new Set(['request_id', 'session'])

/** Notes what a rule takes during a replay, and makes a rule test of its first trip. */
export function recordFixture(
  { rule: id, by }: FixtureOrder,
  { given, inForce, failover }: BacktestOrder,
): FixtureRecording {
  const rule = (given ?? inForce).find((one) => one.id === id)
  const topology = createTopology(failover)
  const items: FixtureItem[] = []
  let dropped = 0
  const note = rule && createNoting(rule, topology.roleOf)
  return {
    seen(frame) {
      if (!note || !('observations' in frame)) return
      for (const observation of frame.observations) {
        const item = note(observation, frame.receivedUnixMs)
        if (!item) continue
        if (items.length < ITEMS_MAX) items.push(item)
        else dropped++
      }
    },
    render({ rules }) {
      const trips = rules.find((one) => one.rule === id)?.trips ?? []
      const trip = trips.find((one) => !by || isOf(one.by, by))
      return rule && trip ? renderTest({ rule, trip, items, isShort: dropped > 0 }) : undefined
    },
  }
}

function isOf(own: Group, wanted: Group): boolean {
  return Object.entries(wanted).every(([key, value]) => own[key] === value)
}

type RoleOf = (route: string, target: string) => string

/** Only what the rule takes, with only the fields that it reads. */
function createNoting(rule: Rule, roleOf: RoleOf) {
  const units = new Set(unitsOf(rule))
  const isTaken = compileMatchers(rule.where)
  const keys = new Set([...keysOf(rule), 'router', 'worker', 'outcome', 'duration'])
  for (const key of OWN_IN_TESTS) if (!rule.by.includes(key)) keys.delete(key)
  return (observation: Observation, receivedUnixMs: number): FixtureItem | undefined => {
    if (observation.isPresence || !units.has(observation.unit)) return undefined
    const read = (key: string): FieldValue | undefined =>
      observation.field(key) ?? derived(key, observation, roleOf)
    if (!isTaken(read)) return undefined
    const fields: Record<string, FieldValue> = {}
    for (const key of keys) {
      const value = read(key)
      if (value !== undefined) fields[key] = key === 'duration' ? roundLength(value) : value
    }
    if (!keysOf(rule).has('duration')) delete fields.duration
    return {
      unit: observation.unit,
      atUnixMs: Math.min(observation.atUnixMs, receivedUnixMs),
      fields,
    }
  }
}

function derived(key: string, observation: Observation, roleOf: RoleOf): FieldValue | undefined {
  const { source } = observation
  if (key === source.component || (key === 'worker' && source.component === 'other'))
    return source.id
  if (key !== 'role') return undefined
  const [route, target] = [observation.field('route'), observation.field('target')]
  return typeof route === 'string' && typeof target === 'string' ? roleOf(route, target) : undefined
}

/** To two digits, so that items of about the same length are one line of a test. */
function roundLength(value: FieldValue): FieldValue {
  const ms = Number(value)
  if (!(ms > 0)) return '0ms'
  const step = 10 ** Math.max(0, Math.floor(Math.log10(ms)) - 1)
  return `${Math.round(ms / step) * step}ms`
}

interface TestOptions {
  readonly rule: Rule
  readonly trip: Trip
  readonly items: readonly FixtureItem[]
  readonly isShort: boolean
}

/** Test time begins one window before what the trip rests on. */
function renderTest({ rule, trip, items, isShort }: TestOptions): string {
  const bucketMs = bucketMsOf(rule.windowMs)
  const firedUnixMs = Date.parse(trip.fired_at)
  const clearedUnixMs = trip.cleared_at === null ? undefined : Date.parse(trip.cleared_at)
  const startUnixMs = firedUnixMs - 2 * rule.windowMs
  const slackMs = Math.max(500, Math.ceil(2 * bucketMs))
  const endUnixMs = Math.min(clearedUnixMs ?? firedUnixMs, firedUnixMs + rule.windowMs) + slackMs
  const inRange = items.filter(({ atUnixMs }) => atUnixMs >= startUnixMs && atUnixMs <= endUnixMs)
  const { inputs, isShortened } = toInputs(inRange, { startUnixMs, bucketMs })
  const at = (unixMs: number) => `${Math.max(0, Math.round(unixMs - startUnixMs))}ms`
  const test = {
    name: `recorded ${trip.fired_at}`,
    rule: rule.id,
    input: inputs,
    expect: [
      {
        at: at(firedUnixMs + slackMs),
        state: 'firing',
        ...(rule.by.length > 0 && { by: trip.by }),
      },
    ],
  }
  const head = [
    `# Made of recorded telemetry: ${rule.id} fired at ${trip.fired_at}.`,
    '# Items of one bucket that are alike stand in one line, spread evenly over it.',
    ...(isShort || isShortened ? ['# Shortened: not every item of that time is in it.'] : []),
  ]
  return `${head.join('\n')}\n${stringify({ schema: 'signalbox.rule-tests/v1', tests: [test] })}`
}
