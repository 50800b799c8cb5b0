import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { createSenders, type SendersOptions } from '../../src/receive/senders.ts'

function start(options: Partial<SendersOptions>) {
  const clock = createTurnedClock()
  return { clock, ...createSenders({ clock, ...options }) }
}

test('by default nobody is limited', () => {
  const { admit, charge } = start({})
  charge('a', 1e15)
  for (let n = 0; n < 1_000; n++) expect(admit('a')).toBe(0)
})

test('a sender may bring two seconds of its rate at once, and is told how long to wait', () => {
  const { admit, clock } = start({ limits: { requestsPerS: 10, bytesPerS: 0 } })
  const admitted = () => Array.from({ length: 30 }, () => admit('a')).filter((s) => s === 0).length
  expect(admitted()).toBe(20)
  expect(admit('a')).toBe(1)
  expect(admit('b')).toBe(0)
  clock.turn(500)
  expect(admitted()).toBe(5)
  clock.turn(60_000)
  expect(admitted()).toBe(20)
})

test('bytes are charged once they have come, so one body may exceed them and the next one waits', () => {
  const { admit, charge, clock } = start({ limits: { requestsPerS: 0, bytesPerS: 1_000 } })
  expect(admit('a')).toBe(0)
  charge('a', 4_000)
  expect(admit('a')).toBe(2)
  clock.turn(2_000)
  expect(admit('a')).toBe(0)
  charge('a', 1_000_000)
  // Never longer than exporters have patience.
  expect(admit('a')).toBe(3)
})

test('a rate below one per second lets single requests through', () => {
  const { admit, clock } = start({ limits: { requestsPerS: 0.1, bytesPerS: 0 } })
  expect([admit('a'), admit('a')]).toEqual([0, 3])
  clock.turn(10_000)
  expect([admit('a'), admit('a')]).toEqual([0, 3])
})

test('of very many senders the quietest are forgotten, never the loud one', () => {
  const { admit } = start({ limits: { requestsPerS: 1, bytesPerS: 0 } })
  for (let n = 0; n < 3; n++) admit('loud')
  for (let n = 0; n < 25_000; n++) {
    admit(`quiet ${n}`)
    if (n % 5_000 === 0) expect(admit('loud')).toBe(1)
  }
})

test.for([
  { hasTokens: true, address: '10.0.0.1', name: 'gateway' },
  { hasTokens: false, address: '10.0.0.1', name: '10.0.0.1' },
  { hasTokens: false, address: '::ffff:10.0.0.1', name: '10.0.0.1' },
  { hasTokens: false, address: '2001:db8:1:2:3:4:5:6', name: '2001:db8:1:2' },
  { hasTokens: false, address: '2001:db8::9', name: '2001:db8:0:0' },
  { hasTokens: false, address: '', name: '' },
])('with tokens $hasTokens, $address is $name', ({ hasTokens, address, name }) => {
  const { nameOf } = start({ hasTokens, limits: { requestsPerS: 1, bytesPerS: 0 } })
  expect(nameOf({ actor: 'gateway', address })).toBe(name)
})
