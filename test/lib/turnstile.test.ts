import { expect, test } from 'vitest'
import { createTurnstile } from '../../src/lib/turnstile.ts'

test('so many pass at once, so many wait in order, and more are turned away', async () => {
  const turnstile = createTurnstile({ activeMax: 1, waitingMax: 2 })
  const leave = await turnstile.enter()
  const passed: string[] = []
  const wait = (name: string) =>
    turnstile.enter().then((next) => {
      passed.push(name)
      return next
    })
  const [b, c] = [wait('b'), wait('c')]
  expect(await turnstile.enter()).toBeUndefined()
  expect(turnstile).toMatchObject({ activeCount: 1, waitingCount: 2 })
  leave?.()
  leave?.()
  ;(await b)?.()
  ;(await c)?.()
  expect(passed).toEqual(['b', 'c'])
  expect(turnstile).toMatchObject({ activeCount: 0, waitingCount: 0 })
})
