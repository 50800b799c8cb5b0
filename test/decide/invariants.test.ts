import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareGenerations, type Generation } from '../../src/model/generation.ts'
import { createMemoryStateStore } from './memory-state-store.ts'
import { createStage, type Stage } from './stage.ts'

const YAML = `schema: signalbox.failover/v1
targets: { cloud: { ready_workers: { metric: pods } } }
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge, capacity_rps: 40, accepts: { tier: [free] } }, { target: spare }]
    mode: auto
    on: [failing, slow]
    with: [oom]
    keep_on_primary: { share: 0.03, max_rps: 2 }
    exercise: 0.007
    rescue: { max_rps: 7 }
    timing: { min_hold: 5s, max_hold: 20s, max_failovers_per_hour: 3 }
    failback: { stable_for: 5s, steps: [0.05, 0.3, 1.0], step_for: 3s, step_min_count: 3 }
`

type Move = (stage: Stage) => void
const target = fc.constantFrom('cloud', 'edge', 'spare')
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 30 }).map(
      (s): Move =>
        (stage) =>
          stage.run(s),
    ),
  },
  fc
    .tuple(
      fc.constantFrom('failing', 'slow', 'oom'),
      fc.constantFrom('ok', 'pending', 'firing', 'insufficient', 'unknown'),
    )
    .map(
      ([rule, state]): Move =>
        (stage) =>
          stage.judge(rule, state),
    ),
  fc.tuple(target, fc.constantFrom('ok', 'ok', 'failed'), fc.integer({ min: 1, max: 40 })).map(
    ([to, outcome, count]): Move =>
      (stage) => {
        stage.attempts(count, { target: to, outcome, durationMs: 100 })
        stage.requests(count, { tier: 'free' })
      },
  ),
  fc
    .tuple(fc.constantFrom('router-1', 'router-2', 'router-3'), fc.integer({ min: -2, max: 1 }))
    .map(
      ([router, off]): Move =>
        (stage) => {
          const { epoch, generation } = stage.pair()
          stage.status(router, { epoch, generation: Math.max(0, generation + off) })
        },
    ),
  fc.integer({ min: 0, max: 30 }).map(
    (pods): Move =>
      (stage) =>
        stage.metric('pods', pods, { metric: 'pods', value: pods }),
  ),
  fc
    .tuple(
      fc.constantFrom('hold', 'release', 'force', 'failback', 'maintenance', 'ack'),
      target,
      fc.constantFrom([], ['S1', 'S2', 'S8', 'S12']),
    )
    .map(
      ([action, to, override]): Move =>
        (stage) => {
          stage.controller.act('preview', {
            action,
            target: to,
            override,
            ttl_s: 20,
            reason: 'walk',
            actor: 'ann',
            ifMatch: stage.pair(),
          })
        },
    ),
)

test('on any walk: pairs and versions only grow, weights sum to 1, no target set is empty', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 60 }), async (moves) => {
      const store = createMemoryStateStore()
      let pair: Generation = { epoch: 0, generation: 0 }
      let version = 0
      const stage = await createStage({
        yaml: YAML,
        store,
        publish({ data, view, to, text }) {
          expect(text).not.toBe('')
          expect(view.state).toBe(to)
          expect(view.policy_revision).toBe(1)
          if (!data) return
          // Committed before it is told.
          expect(store.get<{ version: number }>('route/preview')?.value.version).toBe(data.version)
          expect(compareGenerations(data, pair)).toBeGreaterThanOrEqual(0)
          expect(data.version).toBeGreaterThan(version)
          const isNew = compareGenerations(data, pair) > 0
          expect(isNew || data.generation === pair.generation).toBe(true)
          pair = { epoch: data.epoch, generation: data.generation }
          version = data.version
          const { targets } = data.desired
          expect(targets.length).toBeGreaterThan(0)
          expect(targets.some((one) => one.weight > 0)).toBe(true)
          expect(targets.reduce((sum, one) => sum + one.weight, 0)).toBe(1)
        },
      })
      for (const step of moves) {
        step(stage)
        stage.controller.explain('preview')
      }
      const { state } = stage.view()
      expect(stage.controller.state().routes.preview).toMatchObject({ state, ...pair })
      expect(JSON.stringify(stage.controller.state()).length).toBeLessThan(4_096)
      await stage.controller.stop()
    }),
    { numRuns: 60 },
  )
})
