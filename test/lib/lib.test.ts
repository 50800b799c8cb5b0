import { expect, test } from 'vitest'
import { createBoundedQueue } from '../../src/lib/bounded-queue.ts'
import { formatDurationMs, parseDurationMs } from '../../src/lib/duration.ts'
import { AppError, ERROR_CODES, renderPlace } from '../../src/lib/errors.ts'
import { compileMatchers, type Matcher } from '../../src/lib/matcher.ts'
import { type Part, startAll, stopAll } from '../../src/lib/part.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'

test.for([
  ['250ms', 250],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['1.5s', 1_500],
  ['90', undefined],
  ['90 s', undefined],
  ['-1s', undefined],
] as const)('the duration %s is %s ms', ([text, ms]) => {
  expect(parseDurationMs(text)).toBe(ms)
  if (ms !== undefined) expect(parseDurationMs(formatDurationMs(ms))).toBe(ms)
})

test.for<[string, Record<string, Matcher>, boolean]>([
  ['a value', { outcome: 'failed' }, true],
  ['another value', { outcome: 'ok' }, false],
  ['any of a list', { outcome: ['ok', 'failed'] }, true],
  ['a number as text', { code: '500' }, true],
  ['all must hold', { outcome: 'failed', code: 200 }, false],
  ['not', { outcome: { not: 'ok' } }, true],
  ['not, of an absent field', { nothing: { not: 'ok' } }, true],
  ['a regular expression', { body: { match: 'out of memory' } }, true],
  ['exists', { body: { exists: true }, nothing: { exists: false } }, true],
  ['a range', { code: { gte: 500, lt: 600 } }, true],
  ['a range of an absent field', { nothing: { gte: 0 } }, false],
])('a matcher: %s', ([, matchers, expected]) => {
  const item: Record<string, string | number> = {
    outcome: 'failed',
    code: 500,
    body: 'CUDA out of memory.',
  }
  expect(compileMatchers(matchers)((key) => item[key])).toBe(expected)
})

test('a full queue refuses and keeps what it has', () => {
  const queue = createBoundedQueue<number>({ countMax: 2 })
  expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual([true, true, false])
  expect(queue.take(5)).toEqual([1, 2])
  expect(queue.count).toBe(0)
})

test('a turned clock runs timers in order, each at its own instant', async () => {
  const clock = createTurnedClock(1_000)
  const seen: string[] = []
  clock.every(40, () => seen.push(`tick ${clock.nowMs()}`))
  clock.after(50, () => seen.push(`once ${clock.nowMs()}`))
  const slept = clock.sleep(60).then(() => seen.push('slept'))
  await clock.turnAsync(100)
  await slept
  expect(seen).toEqual(['tick 1040', 'once 1050', 'slept', 'tick 1080'])
  expect(clock.nowMs()).toBe(1_100)
})

test('an aborted sleep rejects, and its timer is gone', async () => {
  const clock = createTurnedClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(1_000, controller.signal)
  controller.abort(new Error('enough'))
  await expect(sleeping).rejects.toThrow('enough')
})

test('parts start in order; when one fails, those started stop in reverse', async () => {
  const seen: string[] = []
  const part = (name: string, fails = false): Part => ({
    name,
    start: async () => {
      seen.push(`start ${name}`)
      if (fails) throw new AppError('PORT_IN_USE', 'taken')
    },
    stop: async () => {
      seen.push(`stop ${name}`)
    },
  })
  await expect(startAll([part('a'), part('b', true), part('c')])).rejects.toThrow('taken')
  expect(seen).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('a part that cannot stop does not keep others from stopping', async () => {
  const seen: string[] = []
  const bad: Part = {
    name: 'bad',
    start: async () => {},
    stop: () => Promise.reject(new Error('stuck')),
  }
  const good: Part = {
    name: 'good',
    start: async () => {},
    stop: async () => void seen.push('good'),
  }
  await expect(stopAll([good, bad])).rejects.toThrow('did not stop')
  expect(seen).toEqual(['good'])
})

test('error codes are unique, and places read like a compiler', () => {
  expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length)
  expect(renderPlace({ file: 'a.yaml', line: 3, key: 'rules[0].id', message: 'wrong' })).toBe(
    'a.yaml:3: rules[0].id: wrong',
  )
})
