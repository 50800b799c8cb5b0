import { expect, test } from 'vitest'
import { Failover } from '../../src/config/failover.ts'
import { loadYaml } from '../../src/config/load-yaml.ts'

const load = (text: string, speed = 1) =>
  loadYaml({ file: 'failover.yaml', text, schema: Failover, speed })

const MINIMAL = `schema: signalbox.failover/v1
defaults: { mode: auto, timing: { min_hold: 60s } }
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge }]
`

test('the shipped file is valid and observes only', () => {
  const result = loadYaml({ file: 'alerts/failover.yaml', schema: Failover })
  expect(result.status).toBe('ok')
  if (result.status !== 'ok') return
  expect(result.value.routes.map((route) => route.mode)).toEqual(['observe'])
  expect(result.value.routes[0]?.fallbacks[0]?.ready).toBeUndefined()
})

test('a route takes what it leaves out from the defaults', () => {
  const result = load(MINIMAL)
  if (result.status !== 'ok') throw new Error('invalid')
  const route = result.value.routes[0]
  expect(route).toMatchObject({
    mode: 'auto',
    slo: 0.999,
    timing: { min_hold: 60_000, ack_deadline: 1_200 },
  })
})

test('speed divides durations and nothing else', () => {
  const result = load(MINIMAL, 10)
  if (result.status !== 'ok') throw new Error('invalid')
  const { timing, failback, slo } = result.value.routes[0] ?? {}
  // Written in the file, and left to a default.
  expect([timing?.min_hold, timing?.max_hold, failback?.step_for]).toEqual([6_000, 180_000, 6_000])
  expect(slo).toBe(0.999)
})

test.for([
  { text: MINIMAL.replace('mode: auto', 'mode: full'), line: 2, key: 'defaults.mode' },
  { text: MINIMAL.replace('primary: cloud', 'primry: cloud'), line: 5, key: 'routes[0].primry' },
  { text: `${MINIMAL}    slo: 2\n`, line: 7, key: 'routes[0].slo' },
  { text: `${MINIMAL}    slo: 0.9\n    slo: 0.8\n`, line: 8, key: undefined },
  { text: MINIMAL.replace('60s', '60'), line: 2, key: 'defaults.timing.min_hold' },
  { text: MINIMAL.replace('edge', 'cloud'), line: 6, key: 'routes[0].fallbacks' },
])('a fault is named by line $line and key $key', ({ text, line, key }) => {
  const result = load(text)
  if (result.status === 'ok') throw new Error('expected faults')
  expect(result.errors.map((error) => ({ line: error.line, key: error.key }))).toContainEqual({
    line,
    key,
  })
})
