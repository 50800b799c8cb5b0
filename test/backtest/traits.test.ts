import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keysOf } from '../../src/detect/keys-of.ts'
import { createGenerationBehind } from '../../src/detect/restarts.ts'
import { type Observation, VARYING_KEYS } from '../../src/model/observation.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { createSending, replay, rulesOf } from './replayed.ts'

// `Observation.traits` of what is replayed: whatever shares them answers alike, whichever slice and
// block it came in. Random telemetry, of few values so that much is alike, and of many.

const rule = (id: string, on: string, by: string) =>
  `  - { id: ${id}, kind: count, on: ${on}, by: [${by}], trip: { at_least: 1 } }\n`
const SETS: Readonly<Record<string, string>> = {
  'columns alone': `
${rule('a', 'attempts', 'route, target, role, outcome, router, session, error.type, generation')}
${rule('b', 'attempts', 'http.response.status_code, images, cost, class, request_id')}
${rule('c', 'requests', 'route, outcome, router, request_id, attempt_count, session, duration')}`,
  'attributes that few carry': rule('a', 'attempts', 'route, signalbox.lora, outcome'),
  'spans of served rows': `
${rule('a', 'attempts', 'name, kind, status, status_message, service, resource.cloud.zone, session')}
${rule('b', 'requests', 'target, role, name, event, exception.type, resource.cloud.zone')}`,
  items: `
${rule('a', 'spans', 'name, kind, status, worker, target, event, exception.message, exception.type')}
${rule('b', 'spans', 'status_message, session, request_id, signalbox.stage, cost, service')}
${rule('c', 'logs', 'body, severity, worker, target, k8s.event.reason, event, service, request_id')}
${rule('d', 'logs', 'session, exception.type, exception.message, gpu.id')}
${rule('e', 'metrics', 'metric, value, target, worker, service, gpu.id, count, sum, unit')}`,
}
const START_MS = Date.UTC(2026, 0, 11, 14)

const text = (values: Readonly<Record<string, string | number | undefined>>) =>
  Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return []
    return [
      { key, value: typeof value === 'number' ? { intValue: value } : { stringValue: value } },
    ]
  })
const maybe = <T>(...values: readonly T[]) => fc.constantFrom(undefined, ...values)

const anyAttributes = fc.record({
  'signalbox.route': maybe('preview', 'final'),
  'signalbox.target': maybe('cloud-eu', 'edge-local'),
  'http.response.status_code': maybe(200, 429, 503),
  'signalbox.generation': maybe('1.1', '1.2'),
  'session.id': fc.oneof(maybe(''), fc.string({ minLength: 1, maxLength: 8 })),
  'signalbox.request.id': fc.oneof(maybe(''), fc.uuid()),
  'signalbox.cost': maybe(0, 3, 17),
  'signalbox.images': maybe(1, 4),
  'signalbox.lora': fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, maybe('ink')),
  'signalbox.stage': maybe('', 'encode', 'decode'),
  'gpu.id': maybe('0', '1'),
  'exception.type': maybe('Error'),
  'exception.message': fc.oneof(maybe(''), fc.string({ maxLength: 8 })),
})
type Attributes = typeof anyAttributes extends fc.Arbitrary<infer A> ? A : never

const FEW = fc.sample(anyAttributes, { numRuns: 4, seed: 3 })
const VARIED = [
  'session.id',
  'signalbox.request.id',
  'signalbox.cost',
  'exception.message',
] as const
/** As one of few, but for one attribute, and what varies anyway. */
const attributes = fc
  .tuple(
    fc.constantFrom(...FEW),
    anyAttributes,
    fc.subarray<keyof Attributes>(['signalbox.stage', 'gpu.id', 'signalbox.generation'], {
      maxLength: 1,
    }),
  )
  .map(([base, other, keys]): Attributes => {
    const changed = [...VARIED, ...keys].map((key) => [key, other[key]])
    return { ...base, ...Object.fromEntries(changed) }
  })
const item = fc.record({
  attributes,
  ids: fc.tuple(
    fc.uuid().map((id) => id.replaceAll('-', '')),
    fc.boolean(),
  ),
  kind: fc.constantFrom(2, 3, 3),
  status: fc.record({ code: fc.constantFrom(0, 2), message: fc.constantFrom('', 'a') }),
  name: fc.constantFrom('render', 'render', 'POST /preview'),
  lengthNs: fc.integer({ min: 0, max: 2e9 }),
  event: fc.constantFrom(undefined, undefined, 'exception', 'retry'),
  body: fc.oneof(fc.constantFrom('', 'boom', '{"reason":"Evicted","message":"x"}'), fc.string()),
  severityNumber: fc.constantFrom(0, 9, 17),
})
const anySender = fc.record({
  'service.name': fc.constantFrom('gateway', 'sd-worker', 'events'),
  'service.instance.id': fc.constantFrom('one', 'two'),
  'signalbox.component': maybe('router', 'worker'),
  'cloud.zone': maybe('a', 'b'),
  'ai.backend': maybe('cloud-eu'),
})
const SENDERS = fc.sample(anySender, { numRuns: 5, seed: 5 })
const exported = fc.record({
  sender: fc.constantFrom(...SENDERS),
  items: fc.array(item, { minLength: 1, maxLength: 20 }),
})
type Exported = typeof exported extends fc.Arbitrary<infer E> ? E : never

const toSpan = (one: Exported['items'][number], endNs: bigint) => ({
  ...{ traceId: one.ids[0], spanId: one.ids[1] ? one.ids[0].slice(0, 16) : '00000000000000a1' },
  ...{ name: one.name, kind: one.kind, status: one.status, attributes: text(one.attributes) },
  startTimeUnixNano: String(endNs - BigInt(one.lengthNs)),
  endTimeUnixNano: String(endNs),
  events: one.event
    ? [
        {
          ...{ name: one.event, timeUnixNano: String(endNs) },
          attributes: text({ 'exception.type': one.attributes['exception.type'] }),
        },
      ]
    : [],
})
const toLog = (one: Exported['items'][number], atNs: bigint) => ({
  ...{ timeUnixNano: String(atNs), severityNumber: one.severityNumber },
  ...{ body: { stringValue: one.body }, attributes: text(one.attributes), traceId: one.ids[0] },
})
const toPoint = (one: Exported['items'][number], atNs: bigint) => ({
  ...{ timeUnixNano: String(atNs), asInt: String(one.lengthNs), attributes: text(one.attributes) },
})
const toHistogram = (one: Exported['items'][number], atNs: bigint) => ({
  ...{ timeUnixNano: String(atNs), count: '3', sum: one.lengthNs, bucketCounts: ['3'] },
  ...{ attributes: text(one.attributes) },
})

let database: TestDatabase

beforeAll(async () => {
  database = await startDatabase()
  const sending = createSending(database)
  for (const [index, one] of fc.sample(exported, { numRuns: 240, seed: 7 }).entries()) {
    const nowMs = START_MS + index * 200
    const resource = { attributes: text(one.sender) }
    const atNs = (place: number) => BigInt(nowMs) * 1_000_000n - BigInt(place) * 1_234_567n
    const spans = one.items.map((own, place) => toSpan(own, atNs(place)))
    sending.send('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }, nowMs)
    const logRecords = one.items.map((own, place) => toLog(own, atNs(place)))
    sending.send('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }, nowMs)
    const points = one.items.map((own, place) => toPoint(own, atNs(place)))
    const sums = one.items.map((own, place) => toHistogram(own, atNs(place)))
    const metrics = [
      { name: 'queue.depth', unit: '1', gauge: { dataPoints: points } },
      { name: 'latency', unit: 'ms', histogram: { aggregationTemporality: 2, dataPoints: sums } },
    ]
    sending.send('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }, nowMs)
    if (index === 120) await sending.store()
  }
  await sending.store()
})
afterAll(() => database.stop())

/** What those who share traits must have in common. */
function lineOf(observation: Observation, keys: readonly string[]): string {
  const { unit, source, isPresence = false } = observation
  const fields = keys.map((key) => {
    const value = observation.field(key)
    return VARYING_KEYS.has(key) ? value !== undefined : (value ?? null)
  })
  return JSON.stringify([unit, source, isPresence, fields])
}

test.for(Object.keys(SETS))('of %s, what shares traits answers alike', async (name) => {
  const rules = rulesOf(SETS[name] ?? '')
  const keys = [...new Set(rules.flatMap((one) => [...keysOf(one)]))]
  const { frames } = await replay(database, { rules, startUnixMs: START_MS, sliceCount: 3 })
  const lines = new Map<object, string>()
  let [sharing, withTraits, all] = [0, 0, 0]
  for (const observation of frames.flatMap(({ observations }) => observations)) {
    const { traits, isPresence } = observation
    if (!isPresence) all++
    if (!traits) continue
    const line = lineOf(observation, keys)
    const known = lines.get(traits)
    if (known === undefined) lines.set(traits, line)
    else expect(line).toBe(known)
    if (isPresence) continue
    withTraits++
    if (known !== undefined) sharing++
  }
  expect(all).toBeGreaterThan(100)
  // Few are alone: those with a rare attribute, and events that were sent as an object.
  expect(withTraits / all).toBeGreaterThan(0.6)
  expect(sharing).toBeGreaterThan(all / 20)
})

test('how many generations an attempt is behind is told of replayed ones too', async () => {
  const rules = rulesOf(rule('a', 'attempts', 'generation_behind, route'))
  const { frames } = await replay(database, { rules, startUnixMs: START_MS })
  const attempts = frames.flatMap(({ observations }) =>
    observations.filter(({ unit, isPresence }) => unit === 'attempt' && !isPresence),
  )
  const behind = attempts.map(createGenerationBehind(() => ({ epoch: 1, generation: 2 })))
  expect(new Set(behind)).toEqual(new Set([undefined, 0, 1]))
})
