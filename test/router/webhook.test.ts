import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { RouterEvent } from '../../src/router/router-event.ts'
import { document, push, SECRET, startClient, tempFile } from './fakes.ts'

const CLOUD = [{ target: 'cloud-eu', weight: 1 }]

test.for([
  { offered: { epoch: 1, generation: 1, version: 99 }, pair: [1, 2], target: 'edge-local' },
  { offered: { epoch: 1, generation: 2, version: 10 }, pair: [1, 2], target: 'edge-local' },
  { offered: { epoch: 1, generation: 2, version: 11 }, pair: [1, 2], target: 'edge-local' },
  { offered: { epoch: 1, generation: 3, version: 11 }, pair: [1, 3], target: 'cloud-eu' },
  { offered: { epoch: 2, generation: 1, version: 11 }, pair: [2, 1], target: 'cloud-eu' },
  { offered: { epoch: 0, generation: 9, version: 99 }, pair: [1, 2], target: 'edge-local' },
])('under 1.2, $offered gives $pair', ({ offered, pair, target }) => {
  const clock = createTurnedClock()
  const client = startClient({ clock })
  client.handleWebhook(push(clock, document()))
  const answer = client.handleWebhook(push(clock, document({ ...offered, targets: CLOUD })))
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({
    observed: { epoch: pair[0], generation: pair[1] },
    clock: '2026-01-11T14:00:00.000Z',
  })
  expect(client.pick({ route: 'preview', retryable: false }).target).toBe(target)
})

test('a higher version of the same generation brings shares and nothing else', () => {
  const clock = createTurnedClock()
  const client = startClient({ clock })
  const targets = [
    { target: 'edge-local', weight: 0.9 },
    { target: 'cloud-eu', weight: 0.1, max_rps: 1 },
  ]
  client.handleWebhook(push(clock, document({ targets })))
  const shares = [
    { target: 'edge-local', weight: 0.2 },
    { target: 'cloud-eu', weight: 0.8, max_rps: 5, label: 'other' },
  ]
  const next = document({ version: 12, targets: shares, rescue: { max_rps: 3, order: [] } })
  client.handleWebhook(push(clock, next))
  const { version, desired } = client.state().routes.preview!
  expect(version).toBe(12)
  expect(desired.targets).toEqual([
    { target: 'edge-local', weight: 0.9 },
    { target: 'cloud-eu', weight: 0.1, max_rps: 5 },
  ])
  expect(desired.rescue).toMatchObject({ max_rps: 3, order: ['edge-local'] })
})

test('a tampered body and a wrong secret are refused, a replay is harmless', () => {
  const clock = createTurnedClock()
  const client = startClient({ clock })
  const old = push(clock, document())
  client.handleWebhook(old)
  client.handleWebhook(push(clock, document({ generation: 5, targets: CLOUD })))
  const tampered = { ...old, rawBody: old.rawBody.replace('"generation":2', '"generation":9') }
  expect(client.handleWebhook(tampered).status).toBe(401)
  const wrong = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
  expect(client.handleWebhook(push(clock, document(), { secret: wrong })).status).toBe(401)
  const replay = client.handleWebhook(old)
  expect([replay.status, replay.body.observed]).toEqual([200, { epoch: 1, generation: 5 }])
  expect(client.pick({ route: 'preview', retryable: false }).target).toBe('cloud-eu')
  clock.turn(301_000)
  expect(client.handleWebhook(old).status).toBe(401)
})

test('two secrets are trusted during a rotation', () => {
  const clock = createTurnedClock()
  const client = startClient({ clock })
  const next = `whsec_${Buffer.alloc(24, 9).toString('base64')}`
  client.setSecrets([SECRET, next])
  expect(client.handleWebhook(push(clock, document(), { secret: next })).status).toBe(200)
  expect(client.handleWebhook(push(clock, document())).status).toBe(200)
  client.setSecrets([])
  expect(client.handleWebhook(push(clock, document())).status).toBe(401)
})

test.for([
  { why: 'no targets', data: document({ targets: [] }) },
  { why: 'no positive weight', data: document({ targets: [{ target: 'a', weight: 0 }] }) },
  { why: 'a negative weight', data: document({ targets: [{ target: 'a', weight: -1 }] }) },
  { why: 'no generation', data: { ...document(), generation: '7' } },
  { why: 'nothing at all', data: undefined },
])('a document with $why is refused with 422', ({ data }) => {
  const clock = createTurnedClock()
  const client = startClient({ clock })
  expect(client.handleWebhook(push(clock, data)).status).toBe(422)
  expect(client.observed()).toEqual({})
})

test('a dry run and a late push are answered, not applied', () => {
  const clock = createTurnedClock()
  const events: RouterEvent[] = []
  const client = startClient({ clock, onEvent: (event) => events.push(event) })
  const none = { epoch: 0, generation: 0 }
  const dry = client.handleWebhook(push(clock, document({ more: { dry_run: true } })))
  expect([dry.status, dry.body.observed]).toEqual([200, none])
  const not_after = new Date(clock.nowMs() - 1).toISOString()
  const late = client.handleWebhook(push(clock, document({ more: { not_after } })))
  expect([late.status, late.body.observed]).toEqual([200, none])
  expect(events.map((event) => event.kind)).toEqual(['expired'])
})

test('the state is on disk before the answer, and a new process serves from it', () => {
  const clock = createTurnedClock()
  const stateFile = tempFile('state.json')
  const first = startClient({ clock, stateFile })
  first.handleWebhook(push(clock, document({ epoch: 3, generation: 57 })))
  // What a process killed here leaves behind is this file and nothing else.
  expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({
    routes: { preview: { epoch: 3, generation: 57 } },
  })
  const second = startClient({ clock, stateFile })
  expect(second.pick({ route: 'preview', retryable: true })).toMatchObject({
    target: 'edge-local',
    generation: '3.57',
  })
})

test('a disk that cannot be written does not keep the state from being applied', () => {
  const clock = createTurnedClock()
  const events: RouterEvent[] = []
  // Below a file, not below a folder: a missing folder would be made.
  const parent = tempFile('a-file')
  writeFileSync(parent, '')
  const stateFile = `${parent}/state.json`
  const client = startClient({ clock, stateFile, onEvent: (event) => events.push(event) })
  expect(client.handleWebhook(push(clock, document())).body.observed).toEqual({
    epoch: 1,
    generation: 2,
  })
  expect(events.map((event) => event.kind)).toEqual(['save_failed', 'applied'])
})
