import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTurnedClock, type TurnedClock } from '../../src/lib/turned-clock.ts'
import { createStateStore } from '../../src/store/state-store.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'
import { createMemoryStateStore } from './memory-state-store.ts'
import { createStage, parseFailover, type Stage } from './stage.ts'

const YAML = `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge }]
    mode: auto
    on: [failing]
    keep_on_primary: { share: 0.05 }
`

let dir = ''
let clock: TurnedClock
let store: ReturnType<typeof createStateStore>
const open = () => {
  store = createStateStore({ file: join(dir, 'state.sqlite') })
  return createStage({ yaml: YAML, store, clock })
}
/** What a kill leaves: no stop, the file as it was committed, an empty memory. */
const reopen = async (stage: Stage, yaml = YAML) => {
  await stage.controller.stop()
  store.close()
  store = createStateStore({ file: join(dir, 'state.sqlite') })
  return createStage({ yaml, store, clock })
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'decide-'))
  clock = createTurnedClock()
})
afterEach(async () => {
  store.close()
  await rm(dir, { recursive: true })
})

const serve = (stage: Stage) => {
  stage.attempts(20, { target: 'edge' })
  stage.attempts(4, { target: 'cloud' })
  stage.status('router-1')
}

test('every state is taken up where it was left, under the same pair', async () => {
  let stage = await open()
  stage.status('router-1')
  stage.controller.act('preview', {
    action: 'hold',
    reason: 'look',
    actor: 'ann',
    ttl_s: 600,
    ifMatch: stage.pair(),
  })
  stage = await reopen(stage)
  expect(stage.view()).toMatchObject({ state: 'primary', inhibitors: [{ kind: 'hold' }] })
  stage.controller.act('preview', {
    action: 'release',
    reason: 'go',
    actor: 'ann',
    ifMatch: stage.pair(),
  })
  stage.judge('failing', 'firing')
  // S10: who is accountable is not known yet, so nothing is moved for five seconds.
  expect(stage.view()).toMatchObject({ state: 'blocked' })
  expect(stage.controller.explain('preview')).toMatchObject({ blockers: [{ rule: 'S10' }] })
  stage.run(6, () => stage.status('router-1'))
  const before = stage.view()
  const version = stage.controller.state().version
  expect(before).toMatchObject({ state: 'fallback', epoch: 1, generation: 2 })

  stage = await reopen(stage)
  expect(stage.view()).toMatchObject({
    state: 'fallback',
    epoch: 1,
    generation: 2,
    since: before.since,
    incident: before.incident,
    desired: before.desired,
    mitigation: 'confirmed',
  })
  expect(stage.controller.state().version).toBe(version)
  expect(stage.transitions.filter((one) => one.data)).toEqual([])

  stage.run(130, () => serve(stage))
  expect(stage.view().state).toBe('probing')
  stage = await reopen(stage)
  expect(stage.view().state).toBe('probing')
  stage.run(130, () => serve(stage))
  expect(stage.view()).toMatchObject({ state: 'ramping', generation: 3 })
  stage = await reopen(stage)
  stage.run(260, () => serve(stage))
  expect(stage.view()).toMatchObject({ state: 'primary' })
})

test('a kill between commit and send loses nothing: the state in force is the committed one', async () => {
  let stage = await open()
  stage.judge('failing', 'firing')
  const told = stage.transitions.at(-1)
  stage = await reopen(stage)
  expect(stage.controller.state().routes.preview).toEqual(told?.data)
  clock.turn(1_300)
  expect(stage.view()).toMatchObject({ state: 'fallback', generation: 2 })
})

test('a restored backup takes the epoch after the one that a router knows', async () => {
  const stage = await open()
  stage.status('router-1', { epoch: 3, generation: 57 })
  expect(stage.pair()).toEqual({ epoch: 4, generation: 1 })
  const anew = stage.transitions.find((one) => one.data?.epoch === 4)
  expect(anew).toMatchObject({
    kind: 'generation',
    data: { epoch: 4, generation: 1 },
    evidence: { isNewGeneration: true, router: 'router-1' },
  })
  // Its old pair is not news twice.
  stage.status('router-2', { epoch: 3, generation: 57 })
  expect(stage.pair().epoch).toBe(4)
  stage.status('router-1', { epoch: Number.NaN, generation: 1e300 })
  expect(stage.pair().epoch).toBe(4)
})

test('a commit that fails moves nothing and tells nobody; the next tick tries again', async () => {
  const memory = createMemoryStateStore()
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const telemetry = createTelemetry({ logLevel: 'error', destination })
  const stage = await createStage({ yaml: YAML, store: memory, clock, telemetry })
  store = createStateStore({ file: join(dir, 'unused.sqlite') })
  stage.transitions.length = 0
  memory.failNext(3)
  stage.judge('failing', 'firing')
  expect(stage.view()).toMatchObject({ state: 'primary', generation: 1 })
  expect(stage.transitions).toEqual([])
  stage.run(1)
  expect(stage.view()).toMatchObject({ state: 'engaging', generation: 2 })
  // Ten lines a second would fill a full disk further.
  expect(lines.filter((line) => line.includes('could not be written'))).toHaveLength(1)
})

test('a new file in the middle of an outage keeps the state; a rollback is a new revision', async () => {
  const stage = await open()
  stage.judge('failing', 'firing')
  stage.run(2)
  const before = stage.view()
  stage.controller.reload(parseFailover(YAML.replace('share: 0.05', 'share: 0.1')))
  expect(stage.view()).toMatchObject({
    state: before.state,
    generation: before.generation,
    since: before.since,
    policy_revision: 2,
  })
  stage.controller.reload(parseFailover(YAML))
  expect(stage.view().policy_revision).toBe(3)
  expect(store.list('policy/')).toHaveLength(3)
})

test('a route that leaves the file during an outage is brought home first', async () => {
  const stage = await open()
  stage.judge('failing', 'firing')
  stage.run(2)
  stage.judge('failing', 'insufficient')
  stage.controller.reload(parseFailover('schema: signalbox.failover/v1\nroutes: []\n'))
  expect(stage.view()).toMatchObject({ state: 'fallback', generation: 2 })
  stage.run(700, () => {
    if (stage.controller.view('preview')) serve(stage)
  })
  expect(stage.controller.views()).toEqual([])
  // It comes back under a generation that routers have not seen yet.
  stage.controller.reload(parseFailover(YAML))
  expect(stage.view().state).toBe('primary')
  expect(stage.pair().generation).toBeGreaterThan(5)
})

test('other weights in the file are a new generation, other shares a new version', async () => {
  const stage = await open()
  stage.controller.reload(parseFailover(`${YAML}    exercise: 0.005\n`))
  expect(stage.pair()).toEqual({ epoch: 1, generation: 2 })
  expect(stage.view().desired.targets).toMatchObject([
    { target: 'cloud', weight: 0.995 },
    { target: 'edge', weight: 0.005 },
  ])
  const text = `${YAML}    exercise: 0.005\n    rescue: { max_rps: 10 }\n`
  stage.controller.reload(parseFailover(text))
  expect(stage.pair().generation).toBe(2)
  expect(stage.transitions.at(-1)).toMatchObject({ kind: 'shares', data: { generation: 2 } })
})
