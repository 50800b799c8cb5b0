import { expect, test } from 'vitest'
import { createComposite } from '../../src/detect/composite.ts'
import type { Detector } from '../../src/detect/detector.ts'
import type { Instant } from '../../src/detect/kind.ts'
import { toObservations } from '../../src/detect/test-items.ts'
import { createLives } from './lives.ts'
import { createPlay, rulesOf, topology } from './play.ts'

// Rules that look at others, while what is judged lies behind the clock, as exports always do.

const RULES = (kind: string, clear = '{}') => `
  - { id: memory, kind: count, on: logs, where: { body: oom }, window: 10s, trip: { at_least: 3 }, clear: { below: 1 } }
  - { id: crash, kind: count, on: logs, where: { body: oom }, window: 10s, trip: { at_least: 3 }, clear: { below: 1 } }
  - { id: storm, kind: ${kind}, rules: [memory, crash], within: 30s, clear: ${clear} }
`

/** Three lines, and traffic that arrives so long after it happened, until 90 s. */
function playStorm(rules: string, lagS: number) {
  const play = createPlay(rules, { latenessMs: 10_000 })
  play.run(20, () => play.ok({}, play.nowS() - lagS))
  for (let line = 0; line < 3; line++) play.send('log', { body: 'oom' }, play.nowS() - lagS)
  play.run(90, () => play.ok({}, play.nowS() - lagS))
  const told = play.verdicts.filter(({ rule }) => rule === 'storm')
  return told.filter(({ effect }, index) => effect !== told[index - 1]?.effect)
}

test.for(
  ['any_of', 'all_of'].flatMap((kind) =>
    [0, 0.4, 3].flatMap((lagS) => ['{}', '{ for: 1s }'].map((clear) => ({ kind, lagS, clear }))),
  ),
)('$kind with clear $clear, seen $lagS s late, fires once and clears once', (given) => {
  const effects = playStorm(RULES(given.kind, given.clear), given.lagS).map(({ effect }) => effect)
  expect(effects).toEqual(['ok', 'firing', 'ok'])
})

const HOUR_MS = 3_600_000

test.for([
  ['just now', -1, 'trips'],
  ['longer ago than it asks for', -31_000, 'calm'],
  ['before the clock stepped back', HOUR_MS, 'calm'],
  ['never', Number.NEGATIVE_INFINITY, 'calm'],
] as const)('a rule that fired %s: %s ms from now', ([, fromNowMs, outcome]) => {
  const rule = rulesOf(RULES('any_of')).find(({ id }) => id === 'storm')
  if (rule?.kind !== 'any_of') throw new Error('there is such a rule')
  const endUnixMs = 10 * HOUR_MS
  const lastFiringUnixMs = endUnixMs + fromNowMs
  const look = () => ({ isFiring: false, lastFiringUnixMs, unknownReason: undefined })
  const at = { endUnixMs, look } as Partial<Instant> as Instant
  expect(createComposite(rule).judge(at).outcome).toBe(outcome)
})

const LOGS = `
  - { id: memory, kind: count, on: logs, where: { body: oom }, window: 10s, trip: { at_least: 1 }, clear: { below: 1 } }
  - { id: crash, kind: count, on: logs, where: { body: crash }, window: 10s, trip: { at_least: 1 }, clear: { below: 1 } }
  - { id: storm, kind: all_of, rules: [memory, crash], within: 60s }
  - { id: either, kind: any_of, rules: [memory, crash], within: 60s }
`

test('what fired within the time it asks for counts also after kill -9', async () => {
  const lives = createLives(rulesOf(LOGS))
  const log = (body: string) => {
    const atUnixMs = lives.clock.nowMs()
    return toObservations({ unit: 'log', fields: { body }, atUnixMs, number: atUnixMs, topology })
  }
  const first = await lives.start()
  first.observe(log('oom'))
  await lives.send(first, 20, 'ok')
  const effects = (detector: Detector, ...ids: readonly string[]) =>
    ids.map((id) => detector.rule(id)?.groups[0]?.effect)
  expect(effects(first, 'memory', 'either', 'storm')).toEqual(['ok', 'firing', 'ok'])
  lives.kill()
  const second = await lives.start()
  await lives.send(second, 5, 'ok')
  expect(effects(second, 'memory', 'either')).toEqual(['ok', 'firing'])
  second.observe(log('crash'))
  expect(effects(second, 'storm')).toEqual(['firing'])
})
