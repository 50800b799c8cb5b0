import { expect, test } from 'vitest'
import { loadYaml } from '../../src/config/load-yaml.ts'
import { RuleFile } from '../../src/config/rules.ts'

const load = (rule: string, speed = 1) =>
  loadYaml({
    file: 'rules.yaml',
    text: `schema: signalbox.rules/v1\nrules:\n  - ${rule}\n`,
    schema: RuleFile,
    speed,
  })
const ruleOf = (text: string, speed = 1) => {
  const result = load(text, speed)
  if (result.status === 'invalid') throw new Error(JSON.stringify(result.errors))
  return result.value[0]
}

const QUANTILE = 'kind: quantile, on: attempts, of: duration, q: 0.95'
const HEAD = {
  id: 'a',
  title: 'a',
  where: {},
  by: [],
  windowMs: 60_000,
  severity: 'warning',
  labels: {},
}

test('quantile: what is left out has the documented default', () => {
  expect(ruleOf(`{ id: a, ${QUANTILE}, trip: { times_baseline: 2 }, floor: 500ms }`)).toEqual({
    ...HEAD,
    kind: 'quantile',
    on: 'attempts',
    of: 'duration',
    q: 0.95,
    baselineMs: 3_600_000,
    floor: 500,
    trip: { above: undefined, timesBaseline: 2, countMin: 30, forMs: 0 },
    clear: {
      isOwn: false,
      below: undefined,
      timesBaseline: 2,
      windowMs: 60_000,
      countMin: 30,
      forMs: 0,
    },
  })
})

test('quantile: levels are written as what they are compared with', () => {
  const number = 'kind: quantile, on: metrics, of: queue.age, q: 0.5'
  expect(ruleOf(`{ id: a, ${number}, trip: { above: 30 }, clear: { below: 20 } }`)).toMatchObject({
    trip: { above: 30 },
    clear: { isOwn: true, below: 20, timesBaseline: undefined },
  })
})

test('a rehearsal divides defaults too', () => {
  const rule = ruleOf(`{ id: a, ${QUANTILE}, trip: { above: 5s } }`, 10)
  expect(rule).toMatchObject({ windowMs: 6_000, baselineMs: 360_000, trip: { above: 500 } })
})

interface Fault {
  readonly rule: string
  readonly key: string
  readonly message: string
}

function expectFault({ rule, key, message }: Fault): void {
  const result = load(rule)
  if (result.status === 'ok') throw new Error('expected a fault')
  const fault = expect.objectContaining({ line: 3, key: `rules[0]${key && `.${key}`}`, message })
  expect(result.errors).toContainEqual(fault)
}

test.for([
  {
    rule: `{ id: a, ${QUANTILE}, trip: {} }`,
    key: 'trip',
    message: 'give above, times_baseline or both (then both must be exceeded)',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { above: 5 } }`,
    key: 'trip.above',
    message: 'expected a duration',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { above: 5s }, floor: 1 }`,
    key: 'floor',
    message: 'expected a duration',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { above: 5s }, clear: { below: 6s } }`,
    key: 'clear.below',
    message: 'must not be over trip.above',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { times_baseline: 2 }, clear: { times_baseline: 3 } }`,
    key: 'clear.times_baseline',
    message: 'must not be over trip.times_baseline',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { times_baseline: 2 }, baseline: 60s }`,
    key: 'baseline',
    message: 'must be longer than the window',
  },
  {
    rule: `{ id: a, ${QUANTILE}, trip: { times_baseline: 2 }, baseline: 8d }`,
    key: 'baseline',
    message: 'must be at most 7d',
  },
  {
    rule: '{ id: a, kind: quantile, on: metrics, of: x, q: 0.5, trip: { above: 5s } }',
    key: 'trip.above',
    message: 'expected a number',
  },
  {
    rule: `{ id: a, ${QUANTILE.replace('0.95', '95')}, trip: { above: 5s } }`,
    key: 'q',
    message: 'Too big: expected number to be <1',
  },
])('quantile: $key of $rule', expectFault)

const OUTLIER = 'kind: outlier, on: attempts, key: model, bad: { outcome: failed }'

test('outlier: what is left out has the documented default', () => {
  expect(ruleOf(`{ id: a, ${OUTLIER}, trip: { above: 0.8 } }`)).toEqual({
    ...HEAD,
    kind: 'outlier',
    on: 'attempts',
    key: 'model',
    bad: { outcome: 'failed' },
    restBelow: 0.1,
    trip: { above: 0.8, countMin: 5, timesRest: undefined, forMs: 0 },
    clear: { below: 0.8, windowMs: 60_000, forMs: 0 },
  })
})

test.for([
  {
    rule: `{ id: a, ${OUTLIER}, by: [route, model], trip: { above: 0.8 } }`,
    key: 'key',
    message: 'must not stand in by: a group would hold one key only, and no rest',
  },
  {
    rule: `{ id: a, ${OUTLIER}, trip: { above: 0.8 }, clear: { below: 0.9 } }`,
    key: 'clear.below',
    message: 'must not be over trip.above',
  },
  {
    rule: `{ id: a, ${OUTLIER.replace('key: model, ', '')}, trip: { above: 0.8 } }`,
    key: 'key',
    message: 'Invalid input: expected string, received undefined',
  },
  {
    rule: `{ id: a, ${OUTLIER} }`,
    key: 'trip',
    message: 'Invalid input: expected object, received undefined',
  },
])('outlier: $key of $rule', expectFault)

const BURN = 'kind: burn_rate, on: requests, bad: { outcome: failed }'

test('burn_rate: what is left out is as in the SRE Workbook, and a rehearsal divides it', () => {
  const text = `{ id: a, ${BURN}, objective: 0.999 }`
  expect(ruleOf(text)).toEqual({
    ...HEAD,
    kind: 'burn_rate',
    on: 'requests',
    bad: { outcome: 'failed' },
    objective: 0.999,
    windowMs: 300_000,
    windows: [
      { longMs: 3_600_000, shortMs: 300_000, factor: 14.4 },
      { longMs: 21_600_000, shortMs: 1_800_000, factor: 6 },
    ],
    trip: { countMin: 30, forMs: 0 },
    clear: { windowMs: 300_000, forMs: 0 },
  })
  expect(ruleOf(text, 60)).toMatchObject({ windows: [{ longMs: 60_000, shortMs: 5_000 }, {}] })
})

test.for([
  {
    rule: `{ id: a, ${BURN} }`,
    key: 'objective',
    message: 'Invalid input: expected number, received undefined',
  },
  {
    rule: `{ id: a, ${BURN}, objective: 99.9 }`,
    key: 'objective',
    message: 'Too big: expected number to be <1',
  },
  {
    rule: `{ id: a, ${BURN}, objective: 0.9 }`,
    key: 'windows',
    message:
      'give windows of your own: the default factor 14.4 can never be exceeded: when everything fails, the budget burns 10 times',
  },
  {
    rule: `{ id: a, ${BURN}, objective: 0.9, windows: [{ long: 1h, short: 5m, factor: 10.5 }] }`,
    key: 'windows[0].factor',
    message: 'can never be exceeded: when everything fails, the budget burns 10 times',
  },
  {
    rule: `{ id: a, ${BURN}, objective: 0.999, windows: [{ long: 5m, short: 5m, factor: 6 }] }`,
    key: 'windows[0].short',
    message: 'must be shorter than long',
  },
  {
    rule: `{ id: a, ${BURN}, objective: 0.999, windows: [{ long: 8d, short: 5m, factor: 6 }] }`,
    key: 'windows[0].long',
    message: 'must be at most 7d',
  },
])('burn_rate: $key of $rule', expectFault)

test('per: value and growth divide a sum by what matches, and then ask for 30', () => {
  const value = '{ id: a, kind: value, on: attempts, of: cost, agg: sum, trip: { above: 4 }'
  expect(ruleOf(`${value}, per: { outcome: ok } }`)).toMatchObject({
    per: { outcome: 'ok' },
    trip: { countMin: 30 },
    clear: { countMin: 30 },
  })
  expect(ruleOf(`${value} }`)).toMatchObject({ trip: { countMin: 1 } })
  expect(ruleOf(`${value} }`)).not.toHaveProperty('per')
  const growth = '{ id: a, kind: growth, on: attempts, of: cost, trip: { times: 2 }'
  expect(ruleOf(`${growth}, per: { outcome: ok } }`)).toMatchObject({ trip: { countMin: 30 } })
  expect(ruleOf(`${growth} }`)).toMatchObject({ trip: { countMin: 1 } })
})

test.for([
  {
    rule: '{ id: a, kind: value, on: attempts, of: cost, agg: avg, per: { outcome: ok }, trip: { above: 4 } }',
    key: 'per',
    message: 'goes with agg: sum, which it divides',
  },
  {
    rule: '{ id: a, kind: value, on: metrics, of: value, agg: rate, series: sum, trip: { above: 4 } }',
    key: 'series',
    message: 'goes with on: metrics and agg: last, avg, min or max',
  },
  {
    rule: '{ id: a, kind: growth, on: metrics, series: sum, trip: { times: 4 } }',
    key: 'series',
    message: 'goes with on: metrics and of: a number, without per',
  },
  {
    rule: '{ id: a, kind: growth, on: attempts, of: cost, per: {}, trip: { times: 4 } }',
    key: 'per',
    message: 'must name at least one field',
  },
])('per: $rule', expectFault)

const CHANGE = 'kind: change, on: requests'

test('change: what is left out has the documented default', () => {
  expect(ruleOf(`{ id: a, ${CHANGE}, of: volume }`)).toEqual({
    ...HEAD,
    severity: 'info',
    kind: 'change',
    on: 'requests',
    of: 'volume',
    method: 'cusum',
    baselineMs: 3_600_000,
    trip: { above: 8, countMin: 30, forMs: 0 },
    clear: { windowMs: 60_000, forMs: 0 },
  })
  const psi = `{ id: a, ${CHANGE}, of: class, method: psi, severity: info }`
  expect(ruleOf(psi)).toMatchObject({ baselineMs: 604_800_000, trip: { above: 0.2 } })
  expect(ruleOf(psi, 10)).toMatchObject({ windowMs: 6_000, baselineMs: 60_480_000 })
})

test.for([
  {
    rule: `{ id: a, ${CHANGE}, of: volume, severity: warning }`,
    key: 'severity',
    message: 'a change annotates and never pages: its severity is always info',
  },
  {
    rule: `{ id: a, ${CHANGE}, of: volume, method: psi }`,
    key: 'of',
    message: 'name a field: psi compares its values, and a volume has none',
  },
  {
    rule: `{ id: a, ${CHANGE}, of: age, window: 1h }`,
    key: 'baseline',
    message: 'must be at least twice the window',
  },
  {
    rule: `{ id: a, ${CHANGE}, of: age, baseline: 31d }`,
    key: 'baseline',
    message: 'must be at most 30d',
  },
  {
    rule: `{ id: a, ${CHANGE}, of: age, method: ewma }`,
    key: 'method',
    message: 'Invalid option: expected one of "cusum"|"psi"',
  },
  {
    rule: `{ id: a, ${CHANGE}, of: age, clear: { below: 1 } }`,
    key: 'clear.below',
    message: 'Unrecognized key: "below"',
  },
])('change: $key of $rule', expectFault)

const faultsOf = (rule: string) => {
  const result = load(rule)
  if (result.status === 'ok') throw new Error('expected a fault')
  return result.errors.map(({ key, message }) => ({ key, message }))
}

test('source: counters is for attempts, and for what counters know of them', () => {
  const ratio = (rest: string) => `{ id: a, kind: ratio, bad: { outcome: failed }, ${rest} }`
  const trip = 'trip: { above: 0.4 }'
  const on = 'on: attempts, source: counters'
  expect(ruleOf(ratio(`${on}, where: { role: primary }, by: [route], ${trip}`))).toMatchObject({
    source: 'counters',
  })
  expect(ruleOf(ratio(`on: attempts, source: auto, ${trip}`))).not.toHaveProperty('source')
  expect(ruleOf(ratio(`on: attempts, source: spans, by: [model], ${trip}`))).toMatchObject({
    source: 'spans',
  })
  expect(faultsOf(ratio(`on: requests, source: spans, ${trip}`))).toEqual([
    { key: 'rules[0].source', message: expect.stringContaining('on: attempts') },
  ])
  const reading = `${on}, where: { tier: free }, by: [route, model]`
  const distinct = 'trip: { above: 0.4, min_distinct: { request_id: 8 } }'
  expect(faultsOf(ratio(`${reading}, ${distinct}`)).map(({ key }) => key)).toEqual([
    'rules[0].where.tier',
    'rules[0].by[1]',
    'rules[0].trip.min_distinct.request_id',
  ])
  expect(faultsOf(`{ id: a, kind: distinct, ${on}, of: session, trip: { at_least: 3 } }`)).toEqual([
    { key: 'rules[0].of', message: expect.stringContaining('not session') },
  ])
  // What is a number in each attempt, or its age, no counter knows.
  expect(faultsOf(`{ id: a, ${QUANTILE}, source: counters, trip: { above: 5s } }`)).toMatchObject([
    { key: expect.stringContaining('rules[0]') },
  ])
})
