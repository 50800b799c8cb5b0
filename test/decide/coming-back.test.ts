import { expect, test } from 'vitest'
import { createStage, type Stage, type StageOptions } from './stage.ts'

const yaml = (own = '', targets = '') => `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge }, { target: spare }]
    mode: auto
    on: [failing]
    keep_on_primary: { share: 0.05, max_rps: 20 }
${own}
${targets}`

/** A route that has been moved to its fallback, and is confirmed there. */
async function createMoved(options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await createStage({ yaml: yaml(), ...options })
  stage.run(60, () => {
    stage.attempts(20, { target: 'cloud', durationMs: 200 })
    stage.requests(20)
    stage.status('router-1')
  })
  engage(stage)
  return stage
}

function engage(stage: Stage): void {
  stage.judge('failing', 'firing')
  expect(stage.view().state).toBe('engaging')
  stage.status('router-1')
  stage.judge('failing', 'insufficient')
}

/** A second of traffic: requests on the fallback, a trickle on the primary that ends as told. */
function serve(stage: Stage, outcome: 'ok' | 'failed' = 'ok', count = 4): void {
  stage.attempts(20, { target: 'edge', durationMs: 200 })
  stage.attempts(count, { target: 'cloud', outcome, durationMs: 200 })
  stage.requests(20)
  stage.status('router-1')
}

/** Runs until the route is in that state, at most an hour. */
function runUntil(stage: Stage, state: string, each: () => void): void {
  for (let second = 0; stage.view().state !== state && second < 3_600; second++) stage.run(1, each)
  expect(stage.view().state).toBe(state)
}

test('a primary whose trickle fails keeps the route on the fallback', async () => {
  const stage = await createMoved()
  stage.run(600, () => serve(stage, 'failed'))
  expect(stage.states()).toEqual(['suspect', 'engaging', 'fallback'])
})

test('a primary that failed all through the outage is judged by what it does from then on', async () => {
  const stage = await createMoved()
  stage.run(300, () => serve(stage, 'failed'))
  stage.run(130, () => serve(stage))
  expect(stage.states()).toEqual(['suspect', 'engaging', 'fallback', 'probing', 'ramping'])
})

test('ok and failed in turn never come to a ramp', async () => {
  const stage = await createMoved()
  stage.run(900, (second) => serve(stage, second % 2 === 0 ? 'ok' : 'failed', 1))
  expect(stage.states()).not.toContain('ramping')
  expect(stage.view().generation).toBe(2)
})

test('late ends of requests from before the move prove nothing', async () => {
  const stage = await createMoved()
  stage.run(300, () => {
    stage.attempts(20, { target: 'edge' })
    stage.attempts(20, { target: 'cloud', generation: '1.1' })
    stage.status('router-1')
  })
  expect(stage.view().state).toBe('fallback')
})

test('the hold and the stable time are both waited for', async () => {
  const stage = await createMoved()
  stage.run(119, () => serve(stage))
  expect(stage.view().state).toBe('fallback')
  stage.run(2, () => serve(stage))
  expect(stage.view().state).toBe('probing')
  stage.run(117, () => serve(stage))
  expect(stage.view().state).toBe('probing')
  stage.run(4, () => serve(stage))
  expect(stage.view()).toMatchObject({ state: 'ramping', generation: 3 })
})

test('a breached step falls back at once and doubles the hold', async () => {
  const stage = await createMoved()
  stage.run(245, () => serve(stage))
  expect(stage.view().state).toBe('ramping')
  // 2 of 2 is too many already, whatever the other 18 of step_min_count would have been.
  serve(stage, 'failed', 2)
  stage.clock.turn(100)
  expect(stage.view()).toMatchObject({ state: 'fallback', generation: 4 })
  expect(stage.controller.explain('preview')).toMatchObject({ k: 1, hold_s: 240 })
  stage.run(230, () => serve(stage))
  expect(stage.view().state).toBe('fallback')
  stage.run(15, () => serve(stage))
  expect(stage.view().state).toBe('probing')
})

test('a step that is slow breaches too', async () => {
  const stage = await createMoved()
  runUntil(stage, 'ramping', () => serve(stage))
  stage.attempts(20, { target: 'cloud', durationMs: 320 })
  stage.clock.turn(100)
  expect(stage.view()).toMatchObject({ state: 'fallback' })
  expect(stage.transitions.at(-1)?.text).toContain('p95')
})

test('a ramp with too little traffic waits, however long it takes', async () => {
  const stage = await createMoved()
  runUntil(stage, 'ramping', () => serve(stage))
  stage.run(1_000, (second) => {
    if (second % 60 === 0) stage.attempts(1, { target: 'cloud' })
    stage.attempts(1, { target: 'edge' })
    stage.status('router-1')
  })
  expect(stage.view().state).toBe('ramping')
  expect(stage.view().desired.targets[0]).toMatchObject({ target: 'cloud', weight: 0.05 })
  expect(stage.controller.explain('preview')).toMatchObject({
    to_come_back: { next_step: 0.25, waits_for: [expect.stringMatching(/of 20 attempts seen/)] },
  })
})

test('a rule that fires on the present generation holds the ramp back; one without data does not', async () => {
  const stage = await createMoved()
  stage.judge('failing', 'firing', { value: 0.9 })
  stage.run(300, () => serve(stage))
  expect(stage.view().state).toBe('fallback')
  stage.judge('failing', 'insufficient', { effect: 'firing' })
  stage.run(300, () => serve(stage))
  expect(['ramping', 'primary']).toContain(stage.view().state)
})

test('the effect of an older generation neither breaks a step nor moves traffic anew', async () => {
  const stage = await createMoved()
  stage.run(245, () => serve(stage))
  stage.judge('failing', 'firing', { value: 0.01, effect: 'firing' })
  stage.run(300, () => serve(stage))
  expect(stage.view().state).toBe('primary')
  stage.judge('failing', 'insufficient', { effect: 'firing' })
  stage.run(5, () => serve(stage))
  expect(stage.view().state).toBe('primary')
})

test('without trickle and probe the first step after the hold is the probe', async () => {
  const text = yaml().replace('{ share: 0.05, max_rps: 20 }', '{}')
  const stage = await createMoved({ yaml: text })
  stage.run(125, () => {
    stage.attempts(20, { target: 'edge' })
    stage.status('router-1')
  })
  expect(stage.view()).toMatchObject({ state: 'ramping', generation: 3 })
})

test('an overload that heals as soon as it is relieved waits for capacity', async () => {
  const targets = `targets: { cloud: { ready_workers: { metric: pods, where: { pool: eu } } } }`
  const stage = await createStage({ yaml: yaml('', targets) })
  const pods = (value: number) => stage.metric('pods', value, { metric: 'pods', value, pool: 'eu' })
  // 10 workers carry 20 requests/s: κ = 2 per worker.
  const calm = () => {
    pods(10)
    stage.attempts(20, { target: 'cloud', durationMs: 200 })
    stage.requests(20)
    stage.status('router-1')
  }
  stage.run(130, calm)
  engage(stage)
  // Relieved, its trickle is well; but 1.2 × 0.05 × 40 = 2.4 requests/s need 2 workers, 1 is there.
  const relieved = (workers: number) => () => {
    pods(workers)
    serve(stage, 'ok', 1)
    stage.requests(20)
  }
  stage.run(600, relieved(1))
  expect(stage.view().state).toBe('fallback')
  expect(JSON.stringify(stage.controller.explain('preview'))).toContain('S12')
  // 13 workers carry 26 ≥ 1.2 × 0.5 × 40 = 24, but not 48: it waits at half.
  stage.run(600, relieved(13))
  expect(stage.view()).toMatchObject({ state: 'ramping' })
  expect(stage.view().desired.targets[0]).toMatchObject({ target: 'cloud', weight: 0.5 })
  stage.run(130, relieved(25))
  expect(stage.view().state).toBe('primary')
})

test('no step is taken while a capacity rule fires for the primary', async () => {
  const stage = await createMoved()
  const labels = { class: 'capacity' }
  stage.judge('scaler-stuck', 'firing', { labels, by: { target: 'cloud' } })
  stage.run(400, () => serve(stage))
  expect(stage.view().state).toBe('fallback')
  stage.judge('scaler-stuck', 'ok', { labels, by: { target: 'cloud' } })
  stage.run(130, () => serve(stage))
  expect(stage.view().state).toBe('ramping')
})

test('a fallback that dies after the move is left for the next one, and never tried again', async () => {
  const stage = await createMoved()
  stage.run(5, () => serve(stage))
  const fail = (target: string) => {
    stage.attempts(60, { target, outcome: 'failed' })
    stage.attempts(4, { target: 'cloud', outcome: 'failed' })
    stage.status('router-1')
  }
  stage.run(3, () => fail('edge'))
  expect(stage.view().desired.targets[0]).toMatchObject({ target: 'spare' })
  stage.run(2, () => stage.status('router-1'))
  stage.run(3_600, () => fail('spare'))
  // Both sides are bad: an hour later the route stands where it stood, and says that it is stuck.
  expect(stage.view()).toMatchObject({ state: 'fallback', mitigation: 'blocked', generation: 3 })
})
