import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { PickRequest } from '../../src/router/pick.ts'
import { type DocumentOptions, document, push, startClient } from './fakes.ts'

/** Deterministic, so that a failure repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const start = (options: DocumentOptions) => {
  const clock = createTurnedClock()
  const client = startClient({ clock, random: seeded(1) })
  client.handleWebhook(push(clock, document(options)))
  const count = (times: number, request: Partial<PickRequest> = {}) => {
    const counts: Record<string, number> = {}
    for (let i = 0; i < times; i++) {
      const { target } = client.pick({ route: 'preview', retryable: true, ...request })
      counts[target] = (counts[target] ?? 0) + 1
    }
    return counts
  }
  return { clock, client, count }
}

test('targets are drawn by weight', () => {
  const { count } = start({
    targets: [
      { target: 'edge-local', weight: 0.75 },
      { target: 'cloud-eu', weight: 0.25 },
    ],
  })
  const counts = count(10_000)
  expect(counts['edge-local']).toBeGreaterThan(7_350)
  expect(counts['edge-local']).toBeLessThan(7_650)
})

test('classes that a target does not take go to the others', () => {
  const { count } = start({
    targets: [
      { target: 'edge-local', weight: 0.99, only: { tier: ['free', 'pro'] } },
      { target: 'cloud-eu', weight: 0.01, retryable_only: true, max_rps: 1 },
    ],
  })
  expect(count(50, { tier: 'enterprise', retryable: false })).toEqual({ 'cloud-eu': 50 })
  expect(count(50)).toEqual({ 'cloud-eu': 50 })
  expect(count(500, { tier: 'free', retryable: false })).toEqual({ 'edge-local': 500 })
  expect(count(100, { fields: { tier: 'pro' }, retryable: false })).toEqual({ 'edge-local': 100 })
})

test('a class that no target takes stays on the primary', () => {
  const { count } = start({
    targets: [{ target: 'edge-local', weight: 1, only: { tier: ['free'] } }],
  })
  expect(count(3, { tier: 'enterprise' })).toEqual({ 'cloud-eu': 3 })
})

test('max_rps bounds what another target could have taken', () => {
  const { clock, count } = start({
    targets: [
      { target: 'edge-local', weight: 0.5 },
      { target: 'cloud-eu', weight: 0.5, retryable_only: true, max_rps: 2 },
    ],
  })
  expect(count(100)['cloud-eu']).toBe(2)
  clock.turn(1_000)
  expect(count(100)['cloud-eu']).toBe(2)
  clock.turn(500)
  expect(count(100)['cloud-eu']).toBe(1)
})

test('without any document the static primary serves, with rescue, under 0.0', () => {
  const client = startClient({ clock: createTurnedClock() })
  const picked = client.pick({ route: 'preview', retryable: true })
  expect(picked).toMatchObject({
    target: 'cloud-eu',
    generation: '0.0',
    rescueOrder: ['edge-local'],
  })
  expect(() => client.pick({ route: 'nowhere', retryable: true })).toThrow('nowhere')
})

test('rescues end with their budget and come back with time', () => {
  const { clock, client } = start({
    targets: [{ target: 'cloud-eu', weight: 1 }],
    rescue: { max_rps: 2 },
  })
  const request = { route: 'preview', retryable: true }
  const rescues = () => [1, 2, 3].map(() => client.rescue(request, 'cloud-eu')?.target)
  expect(rescues()).toEqual(['edge-local', 'edge-local', undefined])
  clock.turn(500)
  expect(rescues()).toEqual(['edge-local', undefined, undefined])
})

test('label and params of the chosen target come with it', () => {
  const { client } = start({
    targets: [
      { target: 'edge-local', weight: 1, label: 'reduced-precision', params: { steps: 8 } },
    ],
  })
  expect(client.pick({ route: 'preview', retryable: false })).toMatchObject({
    label: 'reduced-precision',
    params: { steps: 8 },
    generation: '1.2',
  })
})
