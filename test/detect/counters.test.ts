import { expect, test } from 'vitest'
import { COUNT, createFleet } from './counted-fleet.ts'

// The counters of routers in place of their spans.

const RATIO = `
  - id: rule
    kind: ratio
    on: attempts
    where: { role: primary }
    bad: { outcome: failed }
    by: [route, target]
    window: 60s
    trip: { above: 0.40, min_count: 50 }
    clear: { below: 0.10, window: 20s, min_count: 20 }
`
const SEEING = `
  - { id: seeing, kind: count, on: attempts, where: { request_id: { exists: true } }, window: 10m, trip: { at_least: 1000000 } }
`
const RULES = COUNT + RATIO + SEEING

test('while spans and counters agree, spans count, each once', async () => {
  const fleet = createFleet(RULES)
  fleet.play(120)
  expect(fleet.counted('router-1')?.value).toBe(fleet.one.endedCount)
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
  expect(fleet.group()).not.toHaveProperty('rests_on')
  expect(await fleet.metric('span_shortfalls_total')).toBe(0)
})

test('counters make up for spans that never came, also for those before that was found', async () => {
  const fleet = createFleet(RULES)
  fleet.play(60)
  fleet.two.exports = false
  fleet.play(64)
  // Ordinary delay of an export is no shortfall.
  expect(fleet.counted('router-2')?.value).toBe(600)
  fleet.play(67)
  expect(fleet.counted('router-2')?.value).toBe(670)
  fleet.play(150)
  expect(fleet.counted('router-2')?.value).toBe(1_500)
  expect(fleet.counted('router-1')?.value).toBe(1_500)
  expect(await fleet.metric('span_shortfalls_total')).toBe(1)
  expect(await fleet.metric('short_routers')).toBe(1)
})

test('an outage behind a router whose exporter is down fires as with its spans', () => {
  const withSpans = createFleet(RULES)
  const without = createFleet(RULES)
  for (const fleet of [withSpans, without]) {
    fleet.play(60)
    fleet.two.exports = fleet === withSpans
    fleet.play(140, () => {
      fleet.one.end('ok')
      fleet.two.end('failed')
      fleet.two.end('failed')
    })
    expect(fleet.state()).toBe('firing')
  }
  // 2 n / 3 n of 60 s over 40 %: after 36 s of it; counters come once a second.
  const firedS = withSpans.enteredS('firing') ?? Number.NaN
  const behindS = (without.enteredS('firing') ?? Number.NaN) - firedS
  expect(behindS).toBeGreaterThanOrEqual(0)
  expect(behindS).toBeLessThanOrEqual(1)
  expect(without.group()?.witnesses).toEqual(['router-2'])
})

test('spans that come again take over where counters end', async () => {
  const fleet = createFleet(RULES)
  fleet.play(60)
  fleet.two.exports = false
  fleet.play(100)
  fleet.two.exports = true
  fleet.play(130)
  expect(fleet.group()?.rests_on).toMatch(/^router-2's counters \(its spans are \d+ % short\)$/)
  fleet.play(300)
  expect(fleet.group()).not.toHaveProperty('rests_on')
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
  // What ended while counters counted, and is told only now.
  fleet.send('attempt', { router: 'router-2', route: 'preview', target: 'cloud' }, 80)
  fleet.play(301)
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
  expect(await fleet.metric('short_routers')).toBe(0)
  // And again: nothing of the first time is told twice.
  fleet.two.exports = false
  fleet.play(400)
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
})

test('sampling that is not declared shows, and counters decide', () => {
  const fleet = createFleet(RULES)
  fleet.one.exports = 0.1
  fleet.play(120)
  expect(fleet.counted('router-1')?.value).toBe(fleet.one.endedCount)
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
  expect(fleet.group()?.rests_on).toBe("router-1's counters (its spans are 90 % short)")
  expect(fleet.group()?.sources).toMatchObject([
    { source: 'router-1', spans_missing: 0.9 },
    { source: 'router-2' },
  ])
})

test('sampling that is declared is no shortfall', () => {
  const fleet = createFleet(RULES)
  let number = 0
  const [declared] = fleet.items('attempt', {
    router: 'router-1',
    route: 'preview',
    target: 'cloud',
  })
  fleet.one.exports = false
  fleet.play(120, () => {
    fleet.one.end()
    // Every tenth on average, not evenly.
    if ((number++ * 7) % 100 < 10 && declared)
      fleet.detector.observe([
        { ...declared, weight: 10, once: number, atUnixMs: fleet.clock.nowMs() },
      ])
  })
  expect(fleet.group()).not.toHaveProperty('rests_on')
  expect(fleet.counted('router-1')?.value).toBe(1_200)
})

test('a router that sends statuses and no span at all is counted', () => {
  const fleet = createFleet(RULES)
  fleet.two.exports = false
  fleet.play(60, () => {
    fleet.one.end()
    fleet.two.end('failed')
    fleet.two.end('failed')
  })
  expect(fleet.state()).toBe('firing')
  expect(fleet.group()?.reason).toBeUndefined()
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
})

test('a rule that reads more than counters know stays with spans, all of them', () => {
  const fleet = createFleet(RULES)
  fleet.one.exports = 0.5
  fleet.play(100)
  fleet.detector.judge()
  expect(fleet.detector.rule('seeing')?.groups[0]).toMatchObject({ value: 1_500 })
  expect(fleet.detector.rule('seeing')?.groups[0]).not.toHaveProperty('rests_on')
})

test('source: spans takes no counters, source: counters nothing else', () => {
  const spans = COUNT.replace('on: attempts', 'on: attempts, source: spans').replace(
    'count',
    'spans',
  )
  const counters = COUNT.replace('on: attempts', 'on: attempts, source: counters')
  const fleet = createFleet(spans + counters)
  fleet.play(10)
  fleet.two.exports = false
  fleet.play(60)
  const countOf = (rule: string, router: string) =>
    fleet.detector.rule(rule)?.groups.find(({ by }) => by.router === router)?.value
  fleet.detector.judge()
  expect([countOf('spans', 'router-1'), countOf('spans', 'router-2')]).toEqual([600, 100])
  // The first status is where counting begins.
  expect([countOf('count', 'router-1'), countOf('count', 'router-2')]).toEqual([600, 600])
  expect(fleet.counted('router-1')?.rests_on).toBe('the counters of routers')
})

test('a router that starts anew counts from 0, and what it had counted stays', () => {
  const fleet = createFleet(RULES)
  fleet.two.exports = false
  fleet.play(60)
  fleet.two.reboot()
  fleet.play(120)
  expect(fleet.counted('router-2')?.value).toBe(1_200)
})

test('statuses that come twice, late or out of order add nothing', () => {
  const fleet = createFleet(RULES)
  fleet.two.exports = false
  fleet.play(30)
  const old = fleet.two.statusNow()
  fleet.play(60)
  fleet.two.reboot()
  fleet.play(90)
  const now = fleet.two.statusNow()
  const before = fleet.counted('router-2')?.value
  const receivedUnixMs = fleet.clock.nowMs()
  for (const status of [now, old, now, old]) fleet.detector.status({ ...status, receivedUnixMs })
  expect(fleet.counted('router-2')?.value).toBe(before)
  fleet.play(120)
  expect(fleet.counted('router-2')?.value).toBe(fleet.two.endedCount)
})
