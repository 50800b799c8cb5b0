import { expect, test } from 'vitest'
import { drawLoad } from '../../src/bench/detect-load.ts'
import { encodeLogs, encodeSpans } from '../../src/bench/load-bytes.ts'
import { streamScenario } from '../../src/fleet/scenario-stream.ts'
import { scenario } from '../../src/fleet/scenario-usual.ts'
import type { Observation } from '../../src/model/observation.ts'
import { createTestDecoder } from '../decode/decoder-fixture.ts'

// What the detector is timed with must be what the simulation told, read by the real decoder.

const KEYS = [
  ...['route', 'target', 'outcome', 'model', 'class', 'variant', 'tier', 'region', 'session'],
  ...['generation', 'cost', 'stage', 'worker', 'router', 'signalbox.lora', 'status', 'service'],
  ...['exception.type', 'exception.message', 'gen_ai.usage.input_tokens'],
]

function brief({ unit, source, field, atUnixMs, startUnixMs }: Observation) {
  const said = KEYS.map((key) => [key, field(key) ?? null])
  const times = [atUnixMs, startUnixMs].map((ms) => Math.round(ms * 1_000))
  return { unit, source: source.id, times, ...Object.fromEntries(said) }
}

/** The newest span of a router is shown as that, too, so that its sender is heard. */
const withoutPresence = (all: readonly Observation[]) =>
  all.filter(({ unit, source }) => unit !== 'span' || source.component !== 'router')

const inOrder = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).sort()

test('spans come out of the decoder as they were drawn', () => {
  const load = { requestsPerS: 40, routers: 2, workers: 5, failedShare: 0.2 }
  const units = new Map<string, number>()
  for (const { observations = [], receivedUnixMs } of streamScenario(
    scenario({ name: 'load', seed: 7, durationS: 20, load }),
  )) {
    const drawn = observations.filter(({ unit }) => ['attempt', 'request', 'span'].includes(unit))
    if (drawn.length === 0) continue
    for (const { unit } of drawn) units.set(unit, (units.get(unit) ?? 0) + 1)
    const body = encodeSpans(drawn)
    const decoder = createTestDecoder({ spanInterest: () => NO_ROUTERS })
    const result = decoder.decode({ signal: 'traces', encoding: 'protobuf', body, receivedUnixMs })
    if (result.status !== 'ok') throw new Error(result.reason)
    const own = withoutPresence(result.batch.observations)
    expect(inOrder(own.map(brief))).toEqual(inOrder(drawn.map(brief)))
  }
  expect([...units.keys()].sort()).toEqual(['attempt', 'request', 'span'])
})

/** Rules over workers' spans only, as in the pack. */
const NO_ROUTERS = [['signalbox.stage']]

// Not the variant: where a record does not say it, its resource does, as with any SDK.
const LOG_KEYS = [
  ...['route', 'target', 'model', 'worker', 'autoscaler', 'severity', 'body', 'gpu'],
  ...['event', 'request_id', 'signalbox.quality.typography', 'exception.type', 'service'],
  ...['k8s.event.reason', 'k8s.event.count', 'k8s.object.name', 'resource.k8s.object.kind'],
]

test('log records come out of the decoder as they were drawn', () => {
  const load = { requestsPerS: 40, routers: 2, workers: 5, failedShare: 0.2 }
  const told = scenario({ name: 'load', seed: 7, durationS: 120, load })
  const sources = new Set<string>()
  for (const { observations = [], receivedUnixMs } of streamScenario(told)) {
    const drawn = observations.filter(({ unit }) => unit === 'log')
    if (drawn.length === 0) continue
    for (const { source } of drawn) sources.add(source.component)
    const decoder = createTestDecoder()
    const body = encodeLogs(drawn)
    const result = decoder.decode({ signal: 'logs', encoding: 'protobuf', body, receivedUnixMs })
    if (result.status !== 'ok') throw new Error(result.reason)
    const said = ({ field, source, atUnixMs }: Observation) => ({
      ...{ source: source.id, at: Math.round(atUnixMs * 1_000) },
      // A record without a text has an empty one.
      values: LOG_KEYS.map((key) => [key, field(key) ?? (key === 'body' ? '' : null)]),
    })
    expect(inOrder(result.batch.observations.map(said))).toEqual(inOrder(drawn.map(said)))
  }
  expect([...sources].sort()).toEqual(['other', 'worker'])
})

test('a load has no span twice, and nothing but spans and logs in its bodies', () => {
  const batches = [...drawLoad({ seed: 1, spansPerS: 300, seconds: 4, batchMax: 100 })]
  const ids = new Set<number>()
  let [spanCount, logCount] = [0, 0]
  for (const { spans, logs, others, itemCount, receivedUnixMs } of batches) {
    expect(others.every(({ unit }) => unit === 'metric')).toBe(true)
    const decoder = createTestDecoder({ spanInterest: () => NO_ROUTERS })
    const decode = (signal: 'traces' | 'logs', body: Uint8Array) => {
      if (body.length === 0) return []
      const result = decoder.decode({ signal, encoding: 'protobuf', body, receivedUnixMs })
      if (result.status !== 'ok') throw new Error(result.reason)
      return result.batch.observations
    }
    const own = withoutPresence(decode('traces', spans))
    const ownLogs = decode('logs', logs)
    expect(own.length + ownLogs.length).toBe(itemCount - others.length)
    for (const { once } of own) ids.add(once ?? Number.NaN)
    spanCount += own.length
    logCount += ownLogs.length
  }
  expect(spanCount).toBeGreaterThan(500)
  expect(ids.size).toBe(spanCount)
  expect(logCount).toBeGreaterThan(10)
})
