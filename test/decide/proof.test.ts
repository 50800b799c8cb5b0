import { expect, test } from 'vitest'
import { formatGeneration } from '../../src/model/generation.ts'
import { createStage, type Stage } from './stage.ts'

const YAML = `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge }]
    mode: auto
    on: [failing]
    rescue: { max_rps: 120 }
`
const TWO = ['router-1', 'router-2']

const answer = (stage: Stage, router: string) =>
  stage.controller.answered({
    subscription: `s-${router}`,
    router,
    route: 'preview',
    observed: stage.pair(),
    atUnixMs: stage.clock.nowMs(),
    sentUnixMs: stage.clock.nowMs() - 5,
    clockOffsetMs: 1,
  })

test('an answer is not an application: without a second witness the move is partial, then pages', async () => {
  const stage = await createStage({ yaml: YAML, subscribers: TWO })
  stage.run(6)
  stage.judge('failing', 'firing')
  for (const router of TWO) answer(stage, router)
  stage.clock.turn(100)
  expect(stage.view().proof.answered_at).toBeDefined()
  expect(stage.view()).toMatchObject({ state: 'engaging', mitigation: 'pending' })
  stage.status('router-1')
  stage.clock.turn(1_200)
  expect(stage.view()).toMatchObject({ state: 'fallback', mitigation: 'pending' })
  stage.run(9, () => stage.status('router-1'))
  expect(stage.view().mitigation).toBe('partial')
  const told = stage.transitions.find((one) => one.evidence.mitigation === 'partial')
  expect(told?.text).toContain('router-2')
  // A span under the generation is a second witness as good as a status.
  stage.attempts(1, { target: 'edge', router: 'router-2' })
  stage.clock.turn(100)
  expect(stage.view().mitigation).toBe('confirmed')
  expect(stage.view().proof.observed_at).toBeDefined()
})

test('each witness is told once, by router, with its stamps', async () => {
  const stage = await createStage({ yaml: YAML, subscribers: TWO })
  stage.run(6)
  stage.judge('failing', 'firing')
  for (const router of TWO) {
    answer(stage, router)
    stage.status(router)
    stage.status(router)
  }
  stage.attempts(6, { target: 'edge', durationMs: 50 })
  stage.run(1)
  const proofs = stage.transitions.filter((one) => one.kind === 'proof').map((one) => one.evidence)
  expect(proofs.map((one) => `${one.witness} ${one.router ?? ''}`)).toEqual([
    'answered router-1',
    'observed router-1',
    'answered router-2',
    'observed router-2',
    'observed ',
    'verified ',
  ])
  expect(proofs[0]).toMatchObject({ sentUnixMs: expect.any(Number), clockOffsetMs: 1 })
  expect(proofs[5]).toMatchObject({ count: 6, firstStartUnixMs: stage.clock.nowMs() - 1_000 })
})

test('requests that start and are not served make the move unverified', async () => {
  const stage = await createStage({ yaml: YAML, subscribers: ['router-1'] })
  stage.run(6)
  stage.judge('failing', 'firing')
  stage.status('router-1')
  stage.run(14, () => stage.attempts(2, { target: 'edge', outcome: 'cancelled' }))
  expect(stage.view().mitigation).toBe('confirmed')
  stage.run(2, () => stage.attempts(2, { target: 'edge', outcome: 'cancelled' }))
  expect(stage.view().mitigation).toBe('unverified')
  stage.attempts(5, { target: 'edge' })
  stage.clock.turn(100)
  expect(stage.view().mitigation).toBe('confirmed')
})

test('a silent router is gone while the others carry its traffic, and is not waited for', async () => {
  const stage = await createStage({ yaml: YAML })
  const both = () => {
    for (const router of TWO) {
      stage.status(router)
      stage.attempts(5, { target: 'cloud', router })
    }
  }
  stage.run(5, both)
  const one = () => {
    stage.status('router-1')
    stage.attempts(5, { target: stage.view().desired.targets[0]?.target ?? '', router: 'router-1' })
  }
  stage.run(28, one)
  expect(stage.view().routers).toMatchObject([{ gone: false }, { gone: false, accountable: true }])
  stage.run(3, one)
  expect(stage.view().routers).toMatchObject([{ gone: false }, { router: 'router-2', gone: true }])
  expect(stage.transitions.at(-1)).toMatchObject({ kind: 'router', evidence: { gone: true } })
  stage.judge('failing', 'firing')
  stage.status('router-1')
  expect(stage.view()).toMatchObject({ state: 'fallback', mitigation: 'confirmed' })
  stage.status('router-2')
  stage.run(1)
  expect(stage.view().routers[1]).toMatchObject({ gone: false })
  expect(stage.controller.forgetRouter('router-2')).toBe(true)
  expect(stage.controller.forgetRouter('router-2')).toBe(false)
})

test('rates are shared out over live routers, once a minute and for more than 20 %', async () => {
  const stage = await createStage({ yaml: YAML })
  const rescue = () => stage.view().desired.rescue.max_rps
  const report = (count: number) => () => {
    for (let index = 1; index <= count; index++) stage.status(`router-${index}`)
  }
  expect(rescue()).toBe(120)
  stage.run(6, report(2))
  expect(rescue()).toBe(60)
  stage.run(30, report(5))
  expect(rescue()).toBe(60)
  stage.run(35, report(5))
  expect(rescue()).toBe(24)
  stage.run(120, report(6))
  expect(rescue()).toBe(24)
  expect(stage.pair()).toEqual({ epoch: 1, generation: 1 })
  const shares = stage.transitions.filter((one) => one.kind === 'shares')
  expect(shares).toHaveLength(2)
  expect(shares[1]?.data?.version).toBeGreaterThan(shares[0]?.data?.version ?? 0)
})

test('an attempt belongs to the pair that its router had observed, else answered, else was told', async () => {
  const stage = await createStage({ yaml: YAML })
  const { controller, clock } = stage
  const attempt = (router: string, startUnixMs: number) => ({
    ...({} as Parameters<typeof controller.pairOf>[0]),
    route: 'preview',
    router,
    startUnixNs: BigInt(startUnixMs) * 1_000_000n,
  })
  const at = (router: string, startUnixMs: number) => {
    const pair = controller.pairOf(attempt(router, startUnixMs))
    return pair && formatGeneration(pair)
  }
  stage.status('router-1')
  clock.turn(10_000)
  const movedMs = clock.nowMs()
  stage.judge('failing', 'firing')
  clock.turn(100)
  answer(stage, 'router-2')
  clock.turn(100)
  stage.status('router-1')
  expect(at('router-1', movedMs + 150)).toBe('1.1')
  expect(at('router-1', movedMs + 250)).toBe('1.2')
  expect(at('router-2', movedMs + 50)).toBe('1.2')
  expect(at('router-2', movedMs - 50)).toBe('1.1')
  expect(at('router-3', movedMs - 50)).toBe('1.1')
  expect(at('router-3', movedMs + 50)).toBe('1.2')
})

test('spans delivered twice count once', async () => {
  const stage = await createStage({ yaml: YAML })
  stage.judge('failing', 'firing')
  for (let count = 0; count < 9; count++) stage.attempts(1, { target: 'edge', spanId: 'same' })
  stage.run(1)
  expect(stage.view().proof.verified_at).toBeUndefined()
})
