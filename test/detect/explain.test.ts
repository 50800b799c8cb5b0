import { expect, test } from 'vitest'
import { loadRules } from '../../src/config/rules.ts'
import { clearWords, tripWords } from '../../src/detect/rule-words.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { RuleChange } from '../../src/model/rule-detail.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { toEvaluationRow } from '../../src/store/to-journal-row.ts'
import { createPlay, rulesOf } from './play.ts'

const RULE = `
  - id: rule
    title: '{{percent value}} of {{route}} failed'
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route]
    window: 60s
    trip: { above: 0.40, min_count: 30 }
    clear: { below: 0.10, window: 20s, min_count: 20 }
`
const HELD = RULE.replace('min_count: 30', 'min_count: 30, for: 10s').replace(
  'min_count: 20',
  'min_count: 20, for: 5s',
)

/** A play that also keeps what was refused. */
function createRefusing(text: string, latenessMs = 0) {
  const refused: Verdict[] = []
  const play = createPlay(text, { latenessMs, refuse: (verdict) => refused.push(verdict) })
  const changes = () => play.group()?.changes ?? []
  return {
    ...play,
    refused,
    changes,
    refusals: () => changes().filter((one) => one.refused !== undefined),
  }
}

const bothRouters = (play: ReturnType<typeof createRefusing>, second: 'ok' | 'failed') => () => {
  play.ok({ router: 'router-1' })
  play[second]({ router: 'router-2' })
}

test('a group says all that there is to know of it', () => {
  const play = createRefusing(RULE)
  play.run(30, () => {
    play.ok({ router: 'router-1' })
    play.ok({ router: 'router-1' })
    play.ok({ router: 'router-1' })
    play.failed({ router: 'router-2' })
  })
  expect(play.group()).toEqual({
    by: { route: 'preview' },
    state: 'ok',
    value: 0.25,
    threshold: 0.4,
    count: 1_200,
    since: expect.any(String),
    watermark: expect.any(String),
    lag_ms: 100,
    window_s: 60,
    min_count: 30,
    effect: 'ok',
    witnesses: ['router-2'],
    title: '25 % of preview failed',
    clear: { level: 0.1, window_s: 20, min_count: 20, for_s: 0 },
    next: 'fires above 40 % with at least 30 in 60s',
    source_count: 2,
    sources: [
      { source: 'router-1', component: 'router', share: 0.75, age_ms: 100, state: 'sending' },
      { source: 'router-2', component: 'router', share: 0.25, age_ms: 100, state: 'sending' },
    ],
    changes: [
      expect.objectContaining({ from: null, to: 'insufficient' }),
      expect.objectContaining({ from: 'insufficient', to: 'ok', effect: 'ok', count: 30 }),
    ],
  })
})

test('too few to judge: what is needed, and one refusal for all of the while', () => {
  const play = createRefusing(RULE)
  play.run(1.2, () => play.failed())
  expect(play.group()).toMatchObject({
    state: 'insufficient',
    reason: 'needs 30, has 12 in 60s',
    value: 1,
    min_count: 30,
  })
  play.run(20)
  expect(play.changes()).toMatchObject([
    {
      from: null,
      to: 'insufficient',
      refused: 'insufficient',
      reason: 'would fire at 100 %, but needs 30, has 1 in 60s',
    },
  ])
  // After a whole window without, the next is another one.
  play.run(200)
  play.failed()
  expect(play.refusals().map(({ refused }) => refused)).toEqual(['insufficient', 'insufficient'])
})

test('a hold that is not over: how much of it is, and what comes next', () => {
  const play = createRefusing(HELD)
  play.run(30, () => play.ok())
  play.run(60, () => play.failed())
  const pending = () => play.verdicts.find(({ state }) => state === 'pending')
  play.run(56 + 5, () => play.failed())
  expect(pending()).toMatchObject({ refused: { why: 'holding' } })
  expect(pending()?.reason).toBe('pending for 0 s of 10 s')
  expect(play.refusals()).toMatchObject([
    { from: 'ok', to: 'pending', reason: expect.stringMatching(/^would fire at 40.*must hold/) },
  ])
})

test('pending tells how long, and when it would fire', () => {
  const play = createRefusing(HELD)
  play.run(6, () => play.failed())
  // The thirtieth came after 2.9 s.
  expect(play.group()).toMatchObject({
    state: 'pending',
    reason: 'pending for 3 s of 10 s',
    next: 'fires in 6.9s if it goes on',
    effect: 'ok',
  })
})

test('a clear that must hold is refused until it did', () => {
  const play = createRefusing(HELD)
  play.run(15, () => play.failed())
  expect(play.group()).toMatchObject({
    state: 'firing',
    next: 'clears below 10 % over 20s with at least 20 for 5s, as of the watermark',
  })
  play.run(45, () => play.ok())
  const clearing = play.refusals().filter(({ effect }) => effect === 'firing')
  expect(clearing).toMatchObject(
    [{ from: 'firing', to: 'firing', refused: 'holding', reason: 'would clear at 33.44 %' }].map(
      ({ reason, ...one }) => ({ ...one, reason: expect.stringMatching(/^would clear.*for 5s$/) }),
    ),
  )
  expect(play.changes().at(-1)).toMatchObject({ from: 'firing', to: 'ok', effect: 'ok' })
  // Nothing changed when it was refused, so that it was told apart.
  const told = play.refused.filter(({ effect }) => effect === 'firing')
  expect(told).toMatchObject([{ state: 'firing', refused: { why: 'holding' } }])
})

test('what is missing keeps from firing what would fire by what came', () => {
  const play = createRefusing(RULE)
  play.run(60, bothRouters(play, 'ok'))
  play.run(100, () => play.failed({ router: 'router-1' }))
  expect(play.group()).toMatchObject({
    state: 'unknown',
    value: null,
    reason: 'router-2 silent for 40 s',
    next: expect.stringContaining('whatever is missing'),
    sources: [
      { source: 'router-1', state: 'sending' },
      { source: 'router-2', state: 'silent', age_ms: 40_100 },
    ],
  })
  const [refusal] = play.refusals()
  expect(refusal).toMatchObject({ to: 'unknown', refused: 'unknown', value: null })
  expect(refusal?.reason).toMatch(
    /^would fire at 4\d.*by what came, but router-2 silent for \d+ s$/,
  )
  expect(play.refusals()).toHaveLength(1)
})

test('what is missing keeps from clearing what would clear by what came', () => {
  const play = createRefusing(RULE)
  play.run(30, bothRouters(play, 'failed'))
  expect(play.group()?.effect).toBe('firing')
  play.run(75, () => play.ok({ router: 'router-1' }))
  expect(play.group()).toMatchObject({ effect: 'firing' })
  expect(play.refusals().at(-1)).toMatchObject({ refused: 'unknown', effect: 'firing' })
  expect(play.refusals().at(-1)?.reason).toMatch(/^would clear.*router-2 silent/)
})

test('too few to clear is a refusal too', () => {
  const play = createRefusing(RULE)
  play.run(10, () => play.failed())
  play.run(10.2)
  play.run(120, () => play.ok(), 8_000)
  expect(play.group()).toMatchObject({ state: 'insufficient', effect: 'firing' })
  expect(play.refusals().at(-1)).toMatchObject({ refused: 'insufficient', effect: 'firing' })
  expect(play.refusals().at(-1)?.reason).toMatch(
    /^would clear at 0 %, but needs 20 to clear, has \d+$/,
  )
})

test('a backlog that is over the level is refused as stale', () => {
  const play = createRefusing(RULE, 10_000)
  play.run(200, () => play.ok())
  const backlog: Observation[] = []
  for (let tenth = 0; tenth < 400; tenth++)
    backlog.push(
      ...play.items('attempt', { route: 'preview', outcome: 'failed' }, 200 + tenth / 10),
    )
  // Between pieces it hears from others, and of the route nothing that is new.
  play.run(280, () => play.ok({ route: 'export', target: 'big' }), 1_000)
  play.detector.observe(backlog)
  expect(play.verdicts.some(({ state }) => state === 'firing')).toBe(false)
  const refused = play.detector
    .rule('rule')
    ?.groups.find(({ by }) => by.route === 'preview')
    ?.changes.filter((one) => one.refused !== undefined)
  expect(refused?.map((one) => one.refused)).toContain('stale')
  const stale = refused?.find((one) => one.refused === 'stale')
  expect(stale?.reason).toMatch(/newest item is 40 s old/)
})

test('what was just well again does not fire on what its long window remembers, and says so', () => {
  const play = createRefusing(RULE)
  play.run(30, () => play.failed())
  play.run(55, () => play.ok())
  expect(play.group()?.effect).toBe('ok')
  const recovered = play.refusals().filter((one) => one.refused === 'recovered')
  expect(recovered).toHaveLength(1)
  expect(recovered[0]?.reason).toMatch(
    /^would fire at 62.2 %, but clears already: below 10 % over 20s with at least 20$/,
  )
})

test('a change of weights cuts short what was firing or pending, each time', () => {
  const play = createRefusing(HELD)
  play.run(6, () => play.failed())
  expect(play.state()).toBe('pending')
  play.detector.restart({ route: 'preview', pair: { epoch: 1, generation: 2 } })
  play.detector.restart({ route: 'preview', pair: { epoch: 1, generation: 3 } })
  expect(play.refusals().map((one) => one.refused)).toEqual([
    'insufficient',
    'holding',
    'restarted',
  ])
  expect(play.changes().at(-1)).toMatchObject({
    from: 'pending',
    to: 'insufficient',
    reason: 'weights changed: its windows and holds start anew',
  })
})

test('the last twenty are kept, oldest first, each where the one before ended', () => {
  const play = createRefusing(RULE.replace('60s', '5s').replace('20s', '5s').replace('20 }', '5 }'))
  const cycle = () => {
    play.run(play.nowS() + 6, () => play.failed())
    play.run(play.nowS() + 8, () => play.ok())
  }
  for (let count = 0; count < 12; count++) cycle()
  const changes = play.changes()
  expect(changes).toHaveLength(20)
  const ats = changes.map(({ at }) => at)
  expect(ats).toEqual([...ats].sort())
  for (const [index, change] of changes.entries())
    if (index > 0) expect(change.from).toBe((changes[index - 1] as RuleChange).to)
  expect(Date.parse(changes[0]?.at ?? '')).toBeGreaterThan(play.clock.nowMs() - 14_000 * 10)
})

test('judging what has not changed adds nothing', () => {
  const play = createRefusing(RULE)
  play.run(30, () => play.ok())
  const before = play.changes()
  for (let count = 0; count < 1_000; count++) play.detector.judge()
  expect(play.changes()).toEqual(before)
  expect(play.refused).toEqual([])
})

test('the journal has a row for each refusal, with its kind and reason', () => {
  const play = createRefusing(RULE)
  play.run(1, () => play.failed())
  const [row] = play.verdicts.map((verdict) => toEvaluationRow(verdict, 1n))
  expect(row).toMatchObject({
    State: 'insufficient',
    Refused: 'insufficient',
    Reason: 'would fire at 100 %, but needs 30, has 1 in 60s',
  })
  play.run(10, () => play.ok())
  expect(toEvaluationRow(play.verdicts.at(-1) as Verdict, 1n)).toMatchObject({ Refused: '' })
})

const HEAD = '{ id: a, kind:'
test.for([
  {
    rule: `${HEAD} ratio, on: attempts, bad: { outcome: failed }, window: 15s, trip: { above: 0.99, min_count: 8, min_distinct: { request_id: 8 } } }`,
    trips: 'above 99 % with at least 8 in 15s from at least 8 different request_id',
    clears: 'below 99 % over 15s with at least 8',
  },
  {
    rule: `${HEAD} count, on: logs, window: 2m, trip: { at_least: 5, for: 1m }, clear: { below: 2 } }`,
    trips: 'at 5 or more in 2m for 60s',
    clears: 'below 2 over 2m',
  },
  {
    rule: `${HEAD} value, on: metrics, of: free, agg: min, trip: { below: 5 }, clear: { above: 10, for: 30s } }`,
    trips: 'when min of free is below 5 in 60s',
    clears: 'above 10 over 60s for 30s',
  },
  {
    rule: `${HEAD} value, on: metrics, of: waiting, agg: max, series: sum, trip: { above: 50 } }`,
    trips: 'when max of the sum of all waiting is above 50 in 60s',
    clears: 'below 50 over 60s',
  },
  {
    rule: `${HEAD} growth, on: metrics, of: waiting, series: sum, over: 5m, trip: { times: 4 } }`,
    trips: 'when the sum of all waiting is above 4 times what it was 5m before in 60s',
    clears: 'below 4 times over 60s',
  },
  {
    rule: `${HEAD} quantile, on: requests, of: duration, q: 0.95, trip: { above: 10s, times_baseline: 2 } }`,
    trips:
      'when the 95 % quantile of duration is above 10s and above 2 times the usual with at least 30 in 60s',
    clears: 'below 10s over 60s with at least 30',
  },
  {
    rule: `${HEAD} silence, expect: routers, trip: { for: 30s } }`,
    trips: 'when nothing comes for more than 30s',
    clears: 'when something comes',
  },
  {
    rule: `${HEAD} burn_rate, on: requests, bad: { outcome: failed }, objective: 0.99 }`,
    trips:
      'when the budget of 1 % burns over 14.4 times too fast in 1h and in 5m, or over 6 times too fast in 6h and in 30m',
    clears: 'when no short window burns too fast',
  },
])('in plain words: $trips', ({ rule, trips, clears }) => {
  const [parsed] = rulesOf(`  - ${rule}\n`)
  if (!parsed) throw new Error('no rule')
  expect([tripWords(parsed), clearWords(parsed)]).toEqual([trips, clears])
})

test('every rule of the pack has words for both sides', () => {
  const { rules } = loadRules({ dir: 'alerts' })
  expect(rules.length).toBeGreaterThan(20)
  for (const rule of rules)
    for (const words of [tripWords(rule), clearWords(rule)]) {
      expect(words.length).toBeGreaterThan(8)
      expect(words).not.toMatch(/undefined|NaN|null|\[object| {2}/)
    }
})
