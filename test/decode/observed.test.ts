import { expect, test } from 'vitest'
import { toNumber } from '../../src/detect/number-of.ts'
import { NOTED_KEYS, ObservationColumns } from '../../src/model/observation-columns.ts'
import { createTestDecoder, decodeOk, NOW_MS } from './decoder-fixture.ts'
import { request, traces, type Value, type Values } from './otlp-builder.ts'

// The columns that are filled while observations are made must say what a look at each of them finds.

const COST = 'signalbox.cost.gpu_seconds'
const [, INPUT, OUTPUT] = NOTED_KEYS

function decode(spans: readonly { kind: 'server' | 'client'; attributes: Values }[]) {
  const decoder = createTestDecoder({ keysRead: () => ['route', 'target', 'role', 'outcome'] })
  const given = spans.map((span, index) => ({ ...span, startMs: NOW_MS - 900 + index }))
  const document = traces({ 'service.name': 'gateway', 'service.instance.id': 'r' }, given)
  return decodeOk(decoder, request('traces', document, { receivedUnixMs: NOW_MS }))
}

const served = (more: Readonly<Record<string, Value>> = {}): Values => ({
  ...{ 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
  ...more,
})

const SPANS = [
  { kind: 'client', attributes: served({ [COST]: { double: 1.5 }, [INPUT]: 77, [OUTPUT]: 5 }) },
  { kind: 'client', attributes: served({ [COST]: 0, [INPUT]: '12' }) },
  { kind: 'client', attributes: served({ [COST]: 'much', [INPUT]: 2 ** 40 }) },
  { kind: 'client', attributes: served({ [INPUT]: { double: Number.POSITIVE_INFINITY } }) },
  { kind: 'server', attributes: served({ [COST]: 3, [OUTPUT]: -1 }) },
  { kind: 'server', attributes: {} },
] as const

test('columns that came with a request are those of its observations', () => {
  const { observations, columns } = decode(SPANS)
  expect(observations.length).toBeGreaterThan(SPANS.length)
  expect(columns?.length).toBe(observations.length)
  expect(columns).toEqual(new ObservationColumns().of(observations))
})

test('what is noted is what the observation says; else it is to be asked', () => {
  const { observations, columns } = decode(SPANS)
  let notedCount = 0
  for (const [row, observation] of observations.entries())
    for (const [place, key] of NOTED_KEYS.entries()) {
      const noted = columns?.noted[place]?.[row] as number
      if (Number.isNaN(noted)) continue
      expect(noted).toBe(toNumber(observation.field(key)))
      notedCount++
    }
  // Three of the first attempt, two of them of its span, and the cost of a request. A cost of 0 is none;
  // texts, infinities and numbers of more than four bytes are asked for.
  expect(notedCount).toBe(6)
})
