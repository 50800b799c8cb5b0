import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadRules } from '../../src/config/rules.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createDetector, type Detector } from '../../src/detect/detector.ts'
import { toObservations } from '../../src/detect/test-items.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { createRuleMemory } from '../../src/store/rule-memory.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createLives } from './lives.ts'
import { rulesOf, topology } from './play.ts'

const RATIO = `
  - id: failing
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route]
    window: 60s
    trip: { above: 0.40, min_count: 20 }
    clear: { below: 0.10, window: 10s }
`
const COUNT = `
  - id: requests
    kind: count
    on: attempts
    window: 60s
    trip: { at_least: 100000 }
`

const stateOf = (detector: Detector, rule = 'failing') => detector.rule(rule)?.groups[0]?.state

test('a rule that fires goes on firing after kill -9, as the same trip, and clears when it is over', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 30, 'failed')
  expect(stateOf(first)).toBe('firing')
  lives.kill()
  const before = lives.verdicts.length
  lives.clock.turn(3_000)
  const second = await lives.start()
  lives.clock.turn(250)
  expect(stateOf(second)).toBe('firing')
  await lives.send(second, 5, 'failed')
  const told = lives.verdicts.slice(before).filter(({ rule }) => rule === 'failing')
  expect(new Set(told.map(({ effect }) => effect))).toEqual(new Set(['firing']))
  await lives.send(second, 30, 'ok')
  expect(stateOf(second)).toBe('ok')
})

test('windows survive: what had failed before the restart counts after it', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 60, 'ok')
  await lives.send(first, 20, 'failed')
  await first.stop()
  expect(stateOf(first)).toBe('ok')
  const second = await lives.start()
  await lives.send(second, 5, 'failed')
  expect(stateOf(second)).toBe('firing')
  expect(lives.verdicts.find(({ state }) => state === 'firing')?.atUnixMs).toBeDefined()
})

test('after a long time down, what could have come is unknown, and nothing trips or clears on the hole', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 60, 'ok')
  await first.stop()
  lives.clock.turn(45_000)
  const second = await lives.start()
  // A burst of failures right after: 30 of them against 450 that nobody saw.
  for (let index = 0; index < 30; index++) second.observe(lives.attempt('failed'))
  expect(stateOf(second)).toBe('unknown')
  expect(second.rule('failing')?.groups[0]?.reason).toBe('Signalbox was down for 45 s')
  lives.clock.turn(250)
  expect(stateOf(second, 'requests')).toBe('unknown')
  await lives.send(second, 90, 'ok')
  expect(stateOf(second)).toBe('ok')
  expect(stateOf(second, 'requests')).toBe('ok')
})

test('a router that has been silent for longer than windows reach back is still missed', async () => {
  const window = RATIO.replace('60s', '10s').replace('[route]', '[target]')
  const lives = createLives(rulesOf(window))
  const first = await lives.start()
  const send = (detector: Detector, ...tries: readonly (readonly [string, string])[]) => {
    for (const [router, outcome] of tries) detector.observe(lives.attempt(outcome, { router }))
    lives.clock.turn(100)
  }
  // It has half of the traffic: that the other half fails by three in five decides nothing.
  const own = ['router-2', 'ok'] as const
  const other = (index: number) => ['router-1', index % 5 < 3 ? 'failed' : 'ok'] as const
  for (let index = 0; index < 300; index++) send(first, own, ['router-1', 'ok'])
  for (let index = 0; index < 900; index++) send(first, other(index))
  const missed = { state: 'unknown', reason: expect.stringContaining('router-2 silent') }
  expect(first.rule('failing')?.groups[0]).toMatchObject(missed)
  await first.stop()
  const second = await lives.start()
  for (let index = 0; index < 10; index++) send(second, other(index))
  expect(second.rule('failing')?.groups[0]).toMatchObject(missed)
})

test('what is sent again after the time down fills the hole', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 60, 'ok')
  await first.stop()
  const missed: Observation[][] = []
  for (let index = 0; index < 300; index++) {
    missed.push(lives.attempt('ok'))
    lives.clock.turn(100)
  }
  const second = await lives.start()
  second.observe(missed.flat())
  expect(stateOf(second)).toBe('ok')
  expect(second.rule('requests')?.groups[0]).toMatchObject({ state: 'ok' })
})

test('without a pause it is as if there had been one process, for every rule of the pack', async () => {
  const { rules } = loadRules({ dir: 'alerts' })
  const run = async (isCut: boolean) => {
    const lives = createLives(rules as ReturnType<typeof rulesOf>)
    let detector = await lives.start()
    for (const outcome of ['ok', 'failed', 'failed', 'ok'])
      for (let second = 0; second < 25; second++) {
        for (let index = 0; index < 10; index++) {
          detector.observe(lives.attempt(outcome, { target: 'cloud', duration: '12s' }))
          lives.clock.turn(100)
        }
        if (!isCut || second % 10 !== 7) continue
        await detector.stop()
        detector = await lives.start()
      }
    const states = lives.verdicts.map(({ rule, by, state, atUnixMs }) => ({
      rule,
      by,
      state,
      atUnixMs,
    }))
    // A new process tells everybody anew where it stands.
    return states.filter((one, index) => {
      const before = states.slice(0, index).findLast(isSameGroup(one))
      return before?.state !== one.state
    })
  }
  const whole = await run(false)
  expect(whole.length).toBeGreaterThan(4)
  expect(await run(true)).toEqual(whole)
})

const isSameGroup = (one: Pick<Verdict, 'rule' | 'by'>) => (other: Pick<Verdict, 'rule' | 'by'>) =>
  one.rule === other.rule && JSON.stringify(one.by) === JSON.stringify(other.by)

test('what changed and what was refused is still known after a restart, and goes on from there', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 1, 'failed')
  await lives.send(first, 20, 'failed')
  const before = first.rule('failing')?.groups[0]?.changes ?? []
  expect(before.map(({ to, refused }) => refused ?? to)).toEqual(['insufficient', 'firing'])
  lives.kill()
  const second = await lives.start()
  lives.clock.turn(250)
  expect(second.rule('failing')?.groups[0]?.changes).toEqual(before)
  await lives.send(second, 30, 'ok')
  const after = second.rule('failing')?.groups[0]?.changes ?? []
  expect(after.slice(0, 2)).toEqual(before)
  expect(after[2]).toMatchObject({ from: 'firing' })
  await second.stop()
  // An edited rule that still fires, or one that was reloaded, forgets nothing either.
  const third = await lives.start()
  await lives.send(third, 60, 'failed')
  const fired = third.rule('failing')?.groups[0]?.changes ?? []
  expect(fired.at(-1)).toMatchObject({ to: 'firing' })
  third.reload(rulesOf(RATIO.replace('0.40', '0.50')))
  expect(third.rule('failing')?.groups[0]?.changes.slice(0, fired.length)).toEqual(fired)
})

test('an edited rule keeps what fires; a damaged file is as none', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 30, 'failed')
  await first.stop()
  const edited = rulesOf(RATIO.replace('0.40', '0.50'))
  const second = await lives.start(edited)
  lives.clock.turn(250)
  expect(second.rule('failing')?.groups[0]).toMatchObject({ by: { route: 'preview' } })
  expect(lives.verdicts.at(-1)).toMatchObject({ rule: 'failing', effect: 'firing' })
  await second.stop()
  const bytes = readFileSync(lives.file)
  for (const damaged of [
    bytes.subarray(0, bytes.length / 2),
    Buffer.from('garbage'),
    Buffer.alloc(0),
  ]) {
    writeFileSync(lives.file, damaged)
    const anew = await lives.start()
    lives.clock.turn(250)
    expect(anew.rule('failing')?.groups).toEqual([])
    await anew.stop()
  }
})

test.for([
  { what: 'was removed', rules: COUNT },
  { what: 'has other groups', rules: COUNT + RATIO.replace('[route]', '[target]') },
])('a rule that $what while nobody ran gets its closing word, once', async ({ rules }) => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 30, 'failed')
  const fired = lives.verdicts.findLast(({ rule }) => rule === 'failing')
  await first.stop()
  const before = lives.verdicts.length
  const second = await lives.start(rulesOf(rules))
  const told = () =>
    lives.verdicts.slice(before).filter(({ rule, by }) => rule === 'failing' && by.route)
  expect(told()).toMatchObject([
    { state: 'ok', effect: 'ok', by: { route: 'preview' }, reason: 'the rule was removed' },
  ])
  // The end of the same trip, for whoever follows it.
  expect(told()[0]?.traceparent).toBe(fired?.traceparent)
  expect(told()[0]?.severity).toBe('warning')
  await lives.send(second, 2, 'ok')
  await second.stop()
  const third = await lives.start(rulesOf(rules))
  lives.clock.turn(1_000)
  expect(told()).toHaveLength(1)
  await third.stop()
})

test('a removed rule that did not fire has nothing to close', async () => {
  const lives = createLives(rulesOf(RATIO + COUNT))
  const first = await lives.start()
  await lives.send(first, 5, 'ok')
  await first.stop()
  const before = lives.verdicts.length
  const second = await lives.start(rulesOf(COUNT))
  expect(lives.verdicts.slice(before).filter(({ rule }) => rule === 'failing')).toEqual([])
  await second.stop()
})

test('a state that cannot be saved stops no rule, and is told', async () => {
  const clock = createTurnedClock()
  const telemetry = createSilentTelemetry()
  const verdicts: Verdict[] = []
  let failed = () => {}
  const isFailed = new Promise<void>((resolve) => {
    failed = resolve
  })
  const detector = createDetector({
    ...{ rules: rulesOf(RATIO), clock, latenessMs: 0, pairOf: () => undefined },
    topology: () => topology,
    timings: createTimings(),
    publish: (verdict) => verdicts.push(verdict),
    events: {
      ...createDetectEvents(telemetry),
      rememberFailed: () => failed(),
    },
    // No folder: every write is refused.
    memory: createRuleMemory({ dataDir: '/dev/full' }),
  })
  await detector.start()
  clock.turn(1_000)
  await isFailed
  const failing = { route: 'preview', target: 'cloud', outcome: 'failed' }
  for (let number = 0; number < 30; number++)
    detector.observe(
      toObservations({
        unit: 'attempt',
        fields: failing,
        atUnixMs: clock.nowMs(),
        number,
        topology,
      }),
    )
  expect(verdicts.at(-1)).toMatchObject({ rule: 'failing', state: 'firing' })
  await detector.stop()
})
