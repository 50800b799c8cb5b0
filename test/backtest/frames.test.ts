import { afterAll, beforeAll, expect, test } from 'vitest'
import { keysOf } from '../../src/detect/keys-of.ts'
import { toSequenceMs } from '../../src/lib/sequence.ts'
import type { Observation, ObservationUnit } from '../../src/model/observation.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { logsAt, metricsAt, tracesAt } from '../scenario/backtest-traffic.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { createSending, replay, rulesOf } from './replayed.ts'

// What rules are shown of stored rows, beside what they were shown when those arrived: unit by unit,
// field by field. The rules read fields of every kind: columns, meanings, attributes, built-ins.

const rule = (id: string, on: string, by: string) =>
  `  - { id: ${id}, kind: count, on: ${on}, by: [${by}], trip: { at_least: 1 } }\n`
const SETS: Readonly<Record<string, string>> = {
  'columns alone': `
${rule('a', 'attempts', 'route, target, role, outcome, router, session, error.type')}
${rule('b', 'requests', 'route, outcome, router, request_id, attempt_count, session')}`,
  'attributes that few carry': rule('a', 'attempts', 'route, job.kind'),
  'spans of served rows': `
${rule('a', 'attempts', 'name, kind, status, service, resource.cloud.zone, duration')}
${rule('b', 'requests', 'target, role, name, signalbox.component, resource.cloud.zone')}`,
  items: `
${rule('a', 'spans', 'name, kind, status, worker, target, event, exception.message, exception.type')}
${rule('b', 'logs', 'body, severity, worker, target, k8s.event.reason, k8s.event.count, event, service')}
${rule('c', 'metrics', 'metric, value, target, autoscaler, service')}`,
}
const START_MS = Date.UTC(2026, 0, 11, 14)

let database: TestDatabase
/** By when they were seen. */
const arrived = new Map<number, readonly Observation[]>()
const UNITS = ['attempt', 'request', 'span', 'log', 'metric'] as const

beforeAll(async () => {
  database = await startDatabase()
  await store()
})
afterAll(() => database.stop())

/** Sent by the fleet of the scenario at its fault, and when it is over. */
async function store() {
  const sending = createSending(database)
  const send = (signal: Signal, document: object, nowMs: number) => {
    // Read now: what an observation reads from is gone with its request.
    const observations = sending.send(signal, document, nowMs).map(frozen)
    const seen = Number(sending.seenUnixNs - BigInt(START_MS) * 1_000_000n)
    arrived.set(seen, observations)
  }
  for (const step of [9, 14, 30, 33, 35, 42]) {
    const nowMs = START_MS + step * 200
    for (const body of tracesAt(step, nowMs)) send('traces', body, nowMs)
    for (const body of logsAt(step, nowMs)) send('logs', body, nowMs)
    for (const body of metricsAt(step, nowMs)) send('metrics', body, nowMs)
  }
  await sending.store()
}

const ALL_KEYS = [
  ...new Set(
    Object.values(SETS).flatMap((text) => rulesOf(text).flatMap((one) => [...keysOf(one)])),
  ),
  'metric.series',
]

function frozen(observation: Observation): Observation {
  const fields = new Map(ALL_KEYS.map((key) => [key, observation.field(key)]))
  const { unit, atUnixMs, startUnixMs, source, weight, once } = observation
  const field = (key: string) => fields.get(key)
  return { unit, atUnixMs, startUnixMs, source, weight, once, field }
}

/** Attributes are stored as text. */
const lineOf = (observation: Observation, keys: readonly string[]) =>
  JSON.stringify([
    [observation.atUnixMs, observation.startUnixMs, observation.weight, observation.source],
    keys.map((key) => observation.field(key)?.toString() ?? null),
  ])

test.for(Object.keys(SETS))('of %s, rules are shown the same again', async (name) => {
  const rules = rulesOf(SETS[name] ?? '')
  const { frames, plan } = await replay(database, { rules, startUnixMs: START_MS })
  const base = BigInt(START_MS) * 1_000_000n
  const expected = [...arrived].sort(([a], [b]) => a - b).filter(([, all]) => all.length > 0)
  expect(frames.map(({ receivedUnixMs }) => receivedUnixMs)).toEqual(
    expected.map(([seen]) => toSequenceMs(base + BigInt(seen))),
  )
  for (const unit of UNITS.filter((one) => Object.hasOwn(plan, one))) {
    const keys = [...new Set(rules.flatMap((one) => (isOn(one.on, unit) ? [...keysOf(one)] : [])))]
    const linesOf = (all: readonly Observation[]) =>
      [
        ...new Set(
          all.filter((one) => one.unit === unit && !one.isPresence).map((one) => lineOf(one, keys)),
        ),
      ].sort()
    const shown = frames.map(({ observations }) => linesOf(observations))
    expect(shown.flat().length).toBeGreaterThan(0)
    for (const [index, [, observations]] of expected.entries())
      expect([unit, index, shown[index]]).toEqual([unit, index, linesOf(observations)])
  }
  // Who was heard, and how lately, is the same whatever is read.
  for (const [index, [, observations]] of expected.entries())
    expect(heardIn(frames[index]?.observations ?? [])).toEqual(heardIn(observations))
  // Series have other numbers, and the same points.
  const shown = frames.flatMap(({ observations }) => observations)
  expect(seriesIn(shown)).toEqual(plan.metric ? seriesIn(expected.flatMap(([, all]) => all)) : [])
})

/** The readings of each series, whatever it is called. */
function seriesIn(observations: readonly Observation[]) {
  const points = new Map<unknown, string[]>()
  for (const one of observations) {
    if (one.unit !== 'metric' || one.isPresence) continue
    const series = `${one.source.id} ${one.field('metric.series')}`
    points.set(series, [...(points.get(series) ?? []), `${one.field('metric')} ${one.atUnixMs}`])
  }
  return [...points.values()].map((all) => all.sort().join()).sort()
}

const isOn = (on: string | undefined, unit: ObservationUnit) => on === `${unit}s`

function heardIn(observations: readonly Observation[]) {
  const newest = new Map<string, number>()
  for (const { source, atUnixMs } of observations) {
    const key = `${source.component} ${source.id}`
    newest.set(key, Math.max(newest.get(key) ?? 0, atUnixMs))
  }
  return [...newest].sort()
}
