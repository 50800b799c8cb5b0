import { expect, test } from 'vitest'
import { createListening } from '../../src/detect/listening.ts'
import type { RuleRun } from '../../src/detect/rule-run.ts'
import { rulesOf } from './play.ts'

const RULES = `
  - { id: news, kind: novelty, on: logs, by: [service], window: 60s, trip: { at_least: 5 } }
  - { id: more, kind: novelty, on: logs, by: [worker], window: 60s, trip: { at_least: 5 } }
`
const runsAt = (sinceMs: number, text = RULES) =>
  rulesOf(text).map((rule) => ({ rule, sinceMs }) as RuleRun)

test('how long a rule has listened survives a restart, though it has no group yet', () => {
  const saved = createListening({ runs: () => runsAt(1_000) }).save(61_000)
  // The next process, whose clock begins elsewhere; one rule was edited meanwhile.
  const runs = runsAt(500, RULES.replace('[worker]', '[gpu]'))
  createListening({ runs: () => runs }).load(structuredClone(saved), 500)
  expect(runs.map(({ sinceMs }) => sinceMs)).toEqual([500 - 60_000, 500])
})
