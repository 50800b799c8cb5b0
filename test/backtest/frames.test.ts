import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchSlice, playSlice } from '../../src/backtest/frames.ts'
import { createPairBook } from '../../src/backtest/pair-book.ts'
import { planOf } from '../../src/backtest/plan.ts'
import { createMeanings } from '../../src/config/meanings.ts'
import { loadRules } from '../../src/config/rules.ts'
import { keysOf } from '../../src/detect/keys-of.ts'
import { createSequence, toSequenceMs } from '../../src/lib/sequence.ts'
import type { Observation, ObservationUnit } from '../../src/model/observation.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { createRecorded } from '../../src/store/recorded.ts'
import { createTestDecoder } from '../decode/decoder-fixture.ts'
import { logsAt, metricsAt, tracesAt } from '../scenario/backtest-traffic.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'

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
let dir: string
/** By when they were seen. */
const arrived = new Map<number, readonly Observation[]>()
const UNITS = ['attempt', 'request', 'span', 'log', 'metric'] as const

beforeAll(async () => {
  database = await startDatabase()
  dir = mkdtempSync(join(tmpdir(), 'signalbox-frames-'))
  await store()
})
afterAll(async () => {
  await database.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Sent by the fleet of the scenario at its fault, and when it is over. */
async function store() {
  const decoder = createTestDecoder()
  let nowMs = START_MS
  const { next } = createSequence({ nowMs: () => nowMs })
  const send = (signal: Signal, document: object) => {
    const seenAtUnixNs = next()
    const body = Buffer.from(JSON.stringify(document))
    const request = { signal, encoding: 'json', body, receivedUnixMs: nowMs, seenAtUnixNs } as const
    const result = decoder.decode(request)
    if (result.status !== 'ok') throw new Error(result.reason)
    // Read now: what an observation reads from is gone with its request.
    const seen = Number(seenAtUnixNs - BigInt(START_MS) * 1_000_000n)
    arrived.set(seen, result.batch.observations.map(frozen))
  }
  for (const step of [9, 14, 30, 33, 35, 42]) {
    nowMs = START_MS + step * 200
    for (const body of tracesAt(step, nowMs)) send('traces', body)
    for (const body of logsAt(step, nowMs)) send('logs', body)
    for (const body of metricsAt(step, nowMs)) send('metrics', body)
  }
  for (const { table, columns, chunks } of decoder.seal()) {
    const file = join(dir, table)
    writeFileSync(file, Buffer.concat(chunks))
    await database.clickhouse.load({ table, columns, file, token: table })
  }
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

function rulesOf(text: string) {
  const texts = { 'rules.yaml': `schema: signalbox.rules/v1\nrules:\n${text}` }
  const { rules, errors } = loadRules({ dir: '', texts })
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return rules
}

/** Attributes are stored as text. */
const lineOf = (observation: Observation, keys: readonly string[]) =>
  JSON.stringify([
    [observation.atUnixMs, observation.startUnixMs, observation.weight, observation.source],
    keys.map((key) => observation.field(key)?.toString() ?? null),
  ])

test.for(Object.keys(SETS))('of %s, rules are shown the same again', async (name) => {
  const rules = rulesOf(SETS[name] ?? '')
  const meanings = createMeanings({ telemetry: { attributes: {} } })
  const options = {
    recorded: createRecorded(database.clickhouse),
    plan: planOf(rules, meanings),
    resources: { meanings, services: { gateway: 'router', 'sd-worker': 'worker' } as const },
    pairs: createPairBook(),
  }
  const base = BigInt(START_MS) * 1_000_000n
  const slice = { base, from: base, to: base + 60_000_000_000n }
  const frames: {
    readonly receivedUnixMs: number
    readonly observations: readonly Observation[]
  }[] = []
  playSlice(await fetchSlice(slice, options), options, (frame) => {
    if ('observations' in frame) frames.push(frame)
  })
  const expected = [...arrived].sort(([a], [b]) => a - b).filter(([, all]) => all.length > 0)
  expect(frames.map(({ receivedUnixMs }) => receivedUnixMs)).toEqual(
    expected.map(([seen]) => toSequenceMs(base + BigInt(seen))),
  )
  for (const unit of UNITS.filter((one) => Object.hasOwn(options.plan, one))) {
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
  expect(seriesIn(shown)).toEqual(
    options.plan.metric ? seriesIn(expected.flatMap(([, all]) => all)) : [],
  )
})

/** The readings of each series, whatever it is called. */
function seriesIn(observations: readonly Observation[]) {
  const points = new Map<unknown, string[]>()
  for (const { unit, source, atUnixMs, field, isPresence } of observations) {
    if (unit !== 'metric' || isPresence) continue
    const series = `${source.id} ${field('metric.series')}`
    points.set(series, [...(points.get(series) ?? []), `${field('metric')} ${atUnixMs}`])
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
