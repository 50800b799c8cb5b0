import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectRefuses, expectResumes, instantAt, itemAt, kindOf, stepsOf } from './kind-bench.ts'
import { createPlay } from './play.ts'

const VALUE = `
  - id: rule
    kind: value
    on: attempts
    of: cost
    agg: sum
    per: { outcome: ok }
    window: 60s
    trip: { above: 4, min_count: 10 }
    clear: { below: 3, window: 20s, min_count: 5 }
`
const GROWTH = `
  - id: rule
    kind: growth
    on: attempts
    of: cost
    per: { outcome: ok }
    window: 60s
    over: 5m
    trip: { times: 1.5, min_count: 10 }
`

test('cost per success: what failures cost is divided by the successes', () => {
  const play = createPlay(VALUE)
  for (let count = 0; count < 20; count++) play.ok({ cost: 2 })
  expect(play.group()).toMatchObject({ state: 'ok', value: 2, count: 20, threshold: 4 })
  for (let count = 0; count < 20; count++) play.failed({ cost: 2 })
  expect(play.group()).toMatchObject({ state: 'ok', value: 4, count: 20 })
  play.failed({ cost: 1 })
  expect(play.group()).toMatchObject({ state: 'firing', value: 4.05 })
})

test('a success that costs nothing counts, a failure without a cost does not', () => {
  const play = createPlay(VALUE)
  for (let count = 0; count < 10; count++) play.ok()
  for (let count = 0; count < 10; count++) play.ok({ cost: 6 })
  for (let count = 0; count < 50; count++) play.failed()
  expect(play.group()).toMatchObject({ state: 'ok', value: 3, count: 20 })
})

test('without enough successes there is no cost per success', () => {
  const play = createPlay(VALUE)
  for (let count = 0; count < 100; count++) play.failed({ cost: 2 })
  expect(play.group()).toMatchObject({ state: 'insufficient', value: null, count: 0 })
  for (let count = 0; count < 10; count++) play.ok({ cost: 2 })
  expect(play.group()).toMatchObject({ state: 'firing', value: 22, count: 10 })
})

test('weights cancel in the quotient, and count samples', () => {
  const kind = kindOf(VALUE)
  for (let count = 0; count < 10; count++) {
    kind.add(itemAt(100, { cost: 2, outcome: 'ok' }, 10))
    kind.add(itemAt(100, { cost: 3, outcome: 'failed' }, 1))
  }
  // (10 × 10 × 2 + 10 × 3) / 100.
  expect(kind.judge(instantAt(100))).toMatchObject({ value: 2.3, count: 10, outcome: 'calm' })
})

test('it clears on its own window, and is unknown while something is missing', () => {
  const kind = kindOf(VALUE)
  const add = (atS: number, outcome: string) => kind.add(itemAt(atS, { cost: 2, outcome }))
  for (let count = 0; count < 30; count++) add(100, count < 10 ? 'ok' : 'failed')
  expect(kind.judge(instantAt(100))).toMatchObject({ outcome: 'trips', value: 6 })
  const missing = () => 3
  expect(kind.judge(instantAt(100, { missing }))).toMatchObject({ outcome: 'open' })
  expect(kind.judge(instantAt(100, { missing, isTripped: true }))).toMatchObject({
    outcome: 'trips',
  })
  for (let count = 0; count < 5; count++) add(130, 'ok')
  expect(kind.clears(instantAt(130))).toBe(true)
  expect(kind.clears(instantAt(130, { missing }))).toBe(false)
})

test('growth: cost per success against five minutes ago, with equal volume', () => {
  const play = createPlay(GROWTH)
  let step = 0
  const attempts = (failing: number) => () => {
    const isFailing = step++ % 10 < failing
    ;(isFailing ? play.failed : play.ok)({ cost: 2 })
  }
  play.run(290, attempts(1), 200)
  expect(play.state()).toBe('insufficient')
  play.run(400, attempts(1), 200)
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 1.5 })
  // 2/0.9 before; 2/0.5 is 1.8 times that.
  play.run(470, attempts(5), 200)
  expect(play.group()).toMatchObject({ state: 'firing' })
  expect(play.group()?.value).toBeCloseTo(1.8, 1)
})

test('growth: attempts per success, as a volume of items', () => {
  const play = createPlay(GROWTH.replace('of: cost', 'of: volume'))
  play.run(400, () => play.ok(), 500)
  expect(play.group()).toMatchObject({ state: 'ok', value: 1 })
  play.run(
    470,
    () => {
      play.ok()
      play.failed()
    },
    500,
  )
  expect(play.group()).toMatchObject({ state: 'firing', value: 2 })
})

const fields = fc.record({
  cost: fc.integer({ min: 0, max: 9 }),
  outcome: fc.constantFrom('ok', 'failed'),
})
test('it goes on after save and load as if nothing had been, and refuses what it did not save', () => {
  for (const text of [VALUE, GROWTH]) {
    expectResumes(text, stepsOf(fields))
    expectRefuses(text, stepsOf(fields))
  }
})

test('a remembered baseline is what a fresh one would be, also when items come late', () => {
  const text = GROWTH.replace('over: 5m', 'baseline: 3m').replace('min_count: 10', 'min_count: 1')
  const fresh = (items: readonly Parameters<typeof itemAt>[]) => {
    const kind = kindOf(text)
    for (const item of items) kind.add(itemAt(...item))
    return kind
  }
  fc.assert(
    fc.property(stepsOf(fields), (steps) => {
      const kind = kindOf(text)
      const items: Parameters<typeof itemAt>[] = []
      let nowS = 100
      for (const step of steps) {
        nowS += step.afterS
        const item: Parameters<typeof itemAt> = [nowS - step.lateS * 3, step.fields, step.weight]
        items.push(item)
        kind.add(itemAt(...item))
        const at = instantAt(nowS)
        expect(kind.judge(at)).toEqual(fresh(items).judge(at))
      }
    }),
    { numRuns: 20 },
  )
})
