import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { createIntake, type Place } from '../../src/receive/intake.ts'

function start(limits: { requestsMax?: number; memoryBytesMax?: number }) {
  const clock = createTurnedClock()
  const putOut: string[] = []
  let open = { requestCount: 0, byteCount: 0 }
  const intake = createIntake({
    clock,
    limits: { requestsMax: 100, memoryBytesMax: 1_000_000, ...limits },
    changed: (now) => {
      open = { ...now }
    },
  })
  const enter = (name: string) => intake.enter(() => putOut.push(name))
  const enterOrFail = (name: string): Place => {
    const place = enter(name)
    if (!place) throw new Error(`${name} was not let in`)
    return place
  }
  return { clock, putOut, enter, enterOrFail, open: () => open }
}

test('at the limit nobody gives way who has just come', () => {
  const { enter, enterOrFail, clock, putOut } = start({ requestsMax: 2 })
  enterOrFail('a')
  enterOrFail('b')
  clock.turn(499)
  expect(enter('c')).toBeUndefined()
  expect(putOut).toEqual([])
})

test('at the limit the one without progress for longest gives way', () => {
  const { enter, enterOrFail, clock, putOut, open } = start({ requestsMax: 2 })
  const a = enterOrFail('a')
  const b = enterOrFail('b')
  clock.turn(400)
  expect(a.hold(32 * 1_024)).toBe(true)
  expect(b.hold(32 * 1_024 - 1)).toBe(true)
  clock.turn(100)
  expect(enter('c')).toBeDefined()
  expect(putOut).toEqual(['b'])
  expect(b.hold(1)).toBe(false)
  b.leave()
  expect(open()).toEqual({ requestCount: 2, byteCount: 32 * 1_024 })
  expect(enter('d')).toBeUndefined()
})

test('a body that is whole is not put out while the pipeline works on it', () => {
  const { enter, enterOrFail, clock, putOut } = start({ requestsMax: 1 })
  enterOrFail('a').arrived()
  clock.turn(5_000)
  expect(enter('b')).toBeUndefined()
  expect(putOut).toEqual([])
})

test('without memory the slow ones give back what they hold, until there is enough', () => {
  const { enterOrFail, clock, putOut, open } = start({ memoryBytesMax: 900 })
  for (const name of ['a', 'b', 'c']) enterOrFail(name).hold(300)
  clock.turn(500)
  const fast = enterOrFail('d')
  expect(fast.hold(500)).toBe(true)
  expect(putOut).toEqual(['a', 'b'])
  expect(open()).toEqual({ requestCount: 2, byteCount: 800 })
  expect(fast.hold(500)).toBe(false)
  expect(putOut).toEqual(['a', 'b', 'c'])
})

test('memory is refused to the slowest itself, which puts out nobody', () => {
  const { enterOrFail, clock, putOut } = start({ memoryBytesMax: 900 })
  const slow = enterOrFail('slow')
  clock.turn(100)
  enterOrFail('other').hold(800)
  clock.turn(1_000)
  expect(slow.hold(200)).toBe(false)
  expect(putOut).toEqual([])
})

test('leaving twice gives back once', () => {
  const { enterOrFail, open } = start({})
  const a = enterOrFail('a')
  enterOrFail('b').hold(10)
  a.hold(10)
  a.leave()
  a.leave()
  expect(open()).toEqual({ requestCount: 1, byteCount: 10 })
})
