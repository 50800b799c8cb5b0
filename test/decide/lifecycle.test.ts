import { expect, test } from 'vitest'
import { createStage } from './stage.ts'

const YAML = `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge, label: reduced, accepts: { tier: [free, pro] } }]
    mode: auto
    on: [failing]
    with: [oom]
    keep_on_primary: { share: 0.01, max_rps: 2 }
    rescue: { max_rps: 120 }
`

test('the whole way out and back, each step proven by its own witness', async () => {
  const stage = await createStage({ yaml: YAML })
  const { controller, clock } = stage
  expect(stage.pair()).toEqual({ epoch: 1, generation: 1 })
  const serve = (target: string, outcome: 'ok' | 'failed' = 'ok') => {
    for (const router of ['router-1', 'router-2']) {
      stage.attempts(5, { target, outcome, router, durationMs: 100 })
      stage.status(router)
    }
  }
  stage.run(60, () => serve('cloud'))
  expect(stage.view().state).toBe('primary')

  stage.judge('oom', 'firing')
  expect(stage.view()).toMatchObject({ state: 'suspect', generation: 1, mitigation: 'pending' })
  stage.judge('failing', 'firing', { sinceUnixMs: clock.nowMs() - 40, traceparent: '' })
  const engaged = stage.view()
  expect(engaged).toMatchObject({ state: 'engaging', epoch: 1, generation: 2 })
  expect(engaged.incident).toMatch(/^inc_/)
  expect(engaged.desired).toEqual({
    targets: [
      { target: 'edge', label: 'reduced', only: { tier: ['free', 'pro'] }, weight: 0.99 },
      { target: 'cloud', weight: 0.01, retryable_only: true, max_rps: 1 },
    ],
    rescue: { order: ['edge'], max_rps: 60, attempt_timeout_ms: 3000 },
    new_requests_only: true,
  })
  const move = stage.transitions.find((one) => one.to === 'engaging')
  expect(move?.evidence).toMatchObject({
    rule: 'failing',
    value: 0.47,
    threshold: 0.4,
    count: 200,
    ruleTrueUnixMs: clock.nowMs() - 40,
    judgedUnixMs: clock.nowMs(),
    decidedUnixMs: clock.nowMs(),
    witnesses: ['router-1', 'router-2'],
  })
  expect(move?.data).toMatchObject({ generation: 2, previous_generation: 1, state: 'engaging' })

  controller.answered({
    subscription: 's',
    router: 'router-1',
    route: 'preview',
    observed: stage.pair(),
    atUnixMs: clock.nowMs(),
    sentUnixMs: clock.nowMs() - 20,
    clockOffsetMs: 0,
  })
  expect(stage.view().state).toBe('engaging')
  stage.status('router-1')
  expect(stage.view().state).toBe('engaging')
  stage.status('router-2')
  expect(stage.view()).toMatchObject({ state: 'fallback', generation: 2, mitigation: 'confirmed' })
  expect(stage.view().proof.verified_at).toBeUndefined()
  stage.attempts(5, { target: 'edge' })
  clock.turn(100)
  expect(stage.view().proof.verified_at).toBeDefined()

  // Windows start anew with the generation: the rule has too little to say.
  stage.judge('failing', 'insufficient')
  stage.judge('oom', 'ok')
  stage.run(115, () => {
    serve('edge')
    serve('cloud')
  })
  expect(stage.view().state).toBe('fallback')
  stage.run(10, () => serve('cloud'))
  expect(stage.view()).toMatchObject({ state: 'probing', generation: 2 })
  stage.run(125, () => serve('cloud'))
  expect(stage.view()).toMatchObject({ state: 'ramping', generation: 3 })
  expect(stage.view().desired.targets).toMatchObject([
    { target: 'cloud', weight: 0.05 },
    { target: 'edge', weight: 0.95 },
  ])
  stage.run(4 * 61, () => serve('cloud'))
  expect(stage.view()).toMatchObject({ state: 'primary', generation: 6, mitigation: 'confirmed' })
  expect(stage.view().desired.targets).toEqual([{ target: 'cloud', weight: 1 }])
  expect(stage.states()).toEqual([
    'suspect',
    'engaging',
    'fallback',
    'probing',
    'ramping',
    'primary',
  ])
  expect(stage.view().incident).toBe(engaged.incident)
  controller.incidentClosed('preview')
  expect(stage.view().incident).toBeUndefined()
  const versions = stage.transitions.flatMap((one) => (one.data ? [one.data.version] : []))
  expect(versions).toEqual([...versions].sort((a, b) => a - b))
  expect(new Set(versions).size).toBe(versions.length)
})
