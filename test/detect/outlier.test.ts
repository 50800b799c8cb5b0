import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KEYS_MAX } from '../../src/detect/outlier.ts'
import { ALL, createKeyedWindow, SAMPLES, TOTAL } from '../../src/lib/keyed-window.ts'
import { expectRefuses, expectResumes, instantAt, itemAt, kindOf, stepsOf } from './kind-bench.ts'
import { createPlay } from './play.ts'

const RULE = `
  - id: rule
    kind: outlier
    on: attempts
    key: model
    bad: { outcome: failed }
    window: 90s
    trip: { above: 0.8 }
    clear: { below: 0.2, window: 20s }
`
type Play = ReturnType<typeof createPlay>
const ok = (play: Play, model: string) => play.ok({ model })
const failed = (play: Play, model: string) => play.failed({ model })

/** Two healthy models at 10/s, a third once a second. */
function fleet(play: Play, third: (play: Play, model: string) => void) {
  let step = 0
  return () => {
    ok(play, 'sd-1')
    ok(play, 'sd-2')
    if (++step % 10 === 0) third(play, 'sdxl-v9')
  }
}

test('a broken model stands out at a share that no rule over everything would see', () => {
  const play = createPlay(RULE)
  play.run(60, fleet(play, ok))
  expect(play.group()).toMatchObject({ state: 'ok', value: 0, threshold: 0.8 })
  // 12 good ones in its 90 s, then bad ones: over 80 % when the good ones have nearly all left.
  play.run(150, fleet(play, failed))
  expect(play.state()).toBe('firing')
  const firing = play.verdicts.find(({ state }) => state === 'firing')
  expect(firing?.reason).toMatch(/^model sdxl-v9: \d+ of \d+ bad, the rest 0 %$/)
  // 60 good at 1/s, bad from 60 s on: bad/(all of 90 s) passes 0.8 after 72 s.
  expect(play.enteredS('firing')).toBeGreaterThanOrEqual(131)
  expect(play.enteredS('firing')).toBeLessThanOrEqual(134)
  play.run(190, fleet(play, ok))
  expect(play.state()).toBe('ok')
  // The clear window of 20 s holds under 20 % bad after 16 s.
  expect(play.enteredS('ok', 150)).toBeGreaterThan(165)
  expect(play.enteredS('ok', 150)).toBeLessThan(169)
})

test('five failures of a new model suffice, four do not', () => {
  const play = createPlay(RULE)
  for (let count = 0; count < 250; count++) ok(play, 'sd-1')
  failed(play, 'sd-1')
  for (let count = 0; count < 4; count++) failed(play, 'sdxl-v9')
  expect(play.state()).toBe('insufficient')
  failed(play, 'sdxl-v9')
  expect(play.group()).toMatchObject({
    state: 'firing',
    value: 1,
    count: 5,
    reason: 'model sdxl-v9: 5 of 5 bad, the rest 0.4 %',
  })
})

test('when everything fails, nothing stands out', () => {
  const play = createPlay(RULE)
  play.run(120, () => {
    for (const model of ['a', 'b', 'c']) failed(play, model)
  })
  expect(play.group()).toMatchObject({ state: 'ok', value: 1 })
  expect(play.verdicts.map(({ state }) => state)).not.toContain('firing')
})

test('one key alone has no rest to be compared with', () => {
  const play = createPlay(RULE)
  for (let count = 0; count < 50; count++) failed(play, 'sd-1')
  for (let count = 0; count < 4; count++) ok(play, 'sd-2')
  expect(play.group()).toMatchObject({ state: 'insufficient', value: 1 })
  ok(play, 'sd-2')
  expect(play.state()).toBe('firing')
})

test('up to three keys are named, worst first', () => {
  const play = createPlay(RULE)
  for (let count = 0; count < 1_000; count++) ok(play, 'well')
  for (const model of ['a', 'b', 'c', 'd'])
    for (let count = 0; count < 9; count++) failed(play, model)
  ok(play, 'a')
  for (let count = 0; count < 9; count++) failed(play, 'b')
  const kind = play.group()
  expect(kind).toMatchObject({ state: 'firing', value: 1 })
  play.clock.turn(11_000)
  expect(play.group()?.reason).toBe(
    'model b: 18 of 18 bad, c: 9 of 9 bad, d: 9 of 9 bad, the rest 0 %',
  )
})

test('times_rest asks for a distance as well', () => {
  const rule = RULE.replace('above: 0.8', 'above: 0.2, times_rest: 5')
  const run = (restFailed: number) => {
    const play = createPlay(rule)
    for (let count = 0; count < 100; count++) (count < restFailed ? failed : ok)(play, 'well')
    for (let count = 0; count < 10; count++) (count < 7 ? ok : failed)(play, 'odd')
    return play.state()
  }
  expect(run(5)).toBe('firing')
  expect(run(6)).toBe('ok')
})

test('rejected and cancelled count for nothing', () => {
  const play = createPlay(RULE)
  for (let count = 0; count < 100; count++) ok(play, 'well')
  for (let count = 0; count < 50; count++)
    play.send('attempt', { model: 'odd', outcome: count % 2 ? 'rejected' : 'cancelled' })
  for (let count = 0; count < 5; count++) failed(play, 'odd')
  expect(play.group()).toMatchObject({ state: 'firing', count: 5 })
})

test('a key that is taken out of service clears it, once it has left the window', () => {
  const play = createPlay(RULE)
  play.run(60, fleet(play, failed))
  expect(play.state()).toBe('firing')
  play.run(
    145,
    fleet(play, () => {}),
  )
  expect(play.state()).not.toBe('ok')
  expect(play.verdicts.at(-1)?.effect).toBe('firing')
  play.run(
    152,
    fleet(play, () => {}),
  )
  expect(play.verdicts.at(-1)?.effect).toBe('ok')
})

test('it keeps firing while its key fails, also when the rest then fails too', () => {
  const play = createPlay(RULE)
  play.run(60, fleet(play, failed))
  play.run(200, () => {
    for (const model of ['sd-1', 'sd-2', 'sdxl-v9']) failed(play, model)
  })
  expect(play.state()).toBe('firing')
})

test('what is missing could be good ones of the key or bad ones of the rest', () => {
  const kind = kindOf(RULE)
  const add = (count: number, model: string, outcome: string) => {
    for (let item = 0; item < count; item++) kind.add(itemAt(100, { model, outcome }))
  }
  add(200, 'well', 'ok')
  add(18, 'odd', 'failed')
  const judge = (missing: number, isTripped = false) =>
    kind.judge(instantAt(100, { missing: () => missing, isTripped }))
  expect(judge(4)).toMatchObject({ outcome: 'trips' })
  // 18 of 18 + 5 are under 80 %.
  expect(judge(5)).toMatchObject({ outcome: 'open' })
  expect(judge(5, true)).toMatchObject({ outcome: 'trips' })
  add(100, 'odd', 'failed')
  // 23 bad ones would make the rest of 200 + 23 bad to 10 %.
  expect(judge(22)).toMatchObject({ outcome: 'trips' })
  expect(judge(23)).toMatchObject({ outcome: 'open' })
})

test('late items land in their own time', () => {
  const kind = kindOf(RULE)
  for (let atS = 0; atS < 100; atS++) kind.add(itemAt(100 + atS, { model: 'well', outcome: 'ok' }))
  for (let count = 0; count < 9; count++) kind.add(itemAt(150, { model: 'odd', outcome: 'failed' }))
  expect(kind.judge(instantAt(200))).toMatchObject({ outcome: 'trips', count: 9 })
  expect(kind.judge(instantAt(241))).toMatchObject({ outcome: 'few' })
  expect(kind.add(itemAt(20, { model: 'odd', outcome: 'failed' }))).toBeUndefined()
})

test('a flood of keys is bounded: the least recently heard go, and still count in the rest', () => {
  const kind = kindOf(RULE)
  for (let count = 0; count < 5_000; count++) {
    kind.add(itemAt(100 + count / 100, { model: `random-${count}`, outcome: 'ok' }))
    if (count % 20 === 0) kind.add(itemAt(100 + count / 100, { model: 'odd', outcome: 'failed' }))
  }
  expect(kind.judge(instantAt(150))).toMatchObject({
    outcome: 'trips',
    count: 250,
    reason: 'model odd: 250 of 250 bad, the rest 0 %',
  })
  const [saved] = kind.save(0) as [{ keys: string[]; amounts: Float32Array }]
  expect(saved.keys).toHaveLength(KEYS_MAX + 1)
  // 90 buckets and the one that is just leaving, of three numbers.
  expect(saved.amounts.byteLength).toBe((KEYS_MAX + 1) * 91 * 3 * 4)
})

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const keyed = fc.record({
  atMs: fc.integer({ min: 1_000, max: 3_000 }),
  key,
  weight: fc.integer({ min: 1, max: 5 }),
})

test('every sum of a keyed window equals a recount of what was added', () => {
  fc.assert(
    fc.property(fc.array(keyed), fc.array(fc.nat(3_500)), (items, ends) => {
      const window = createKeyedWindow({ bucketMs: 100, windowMs: 500, spanMs: 800, keysMax: 5 })
      const kept: typeof items = []
      let newest = 0
      items.forEach((one, index) => {
        if (window.add(one.atMs, one.key, { count: 1, weight: one.weight, isBad: false }) >= 0)
          kept.push(one)
        newest = Math.max(newest, one.atMs)
        const end = ends[index]
        if (end !== undefined && end < 3_200) window.moveTo(end)
        if (end !== undefined && end < 3_200) newest = Math.max(newest, end)
      })
      for (const windowMs of [500, 800])
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          const place = window.placeOf(name)
          if (place === undefined) continue
          const bucketOf = (ms: number) => Math.floor(ms / 100)
          const inside = kept.filter(
            (one) => bucketOf(one.atMs) > bucketOf(newest) - windowMs / 100,
          )
          const own = inside.filter((one) => one.key === name)
          const query = { endMs: newest, windowMs }
          const weight = (list: typeof own) => list.reduce((total, one) => total + one.weight, 0)
          expect(window.sum({ ...query, place, channel: SAMPLES })).toBe(own.length)
          expect(window.sum({ ...query, place, channel: TOTAL })).toBe(weight(own))
          expect(window.sum({ ...query, place: ALL, channel: TOTAL })).toBe(weight(inside))
        }
    }),
  )
})

const fields = fc.record({
  model: key,
  outcome: fc.constantFrom('ok', 'failed', 'failed', 'rejected'),
})
test('it goes on after save and load as if nothing had been, and refuses what it did not save', () => {
  expectResumes(RULE, stepsOf(fields))
  expectRefuses(RULE, stepsOf(fields))
})
