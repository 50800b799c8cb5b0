import { expect, test } from 'vitest'
import { createSources } from '../../src/detect/sources.ts'

test('a flood of new names stays bounded, and drops a tenth at once of those unheard for longest', () => {
  const sources = createSources({ silentMs: 10_000, latenessMs: 10_000 })
  const hear = (id: string, nowMs: number) =>
    sources.heard({
      source: { id, component: 'router' },
      isStatus: false,
      atUnixMs: nowMs,
      nowUnixMs: nowMs,
      nowMs,
    })
  const isKnown = (index: number) => sources.get(`router-${index}`) !== undefined
  hear('steady', 0)
  for (let index = 1; index < 10_000; index++) hear(`router-${index}`, index)
  hear('steady', 10_000)
  expect(isKnown(1)).toBe(true)
  // One too many makes room for a thousand: looking for whom to drop is rare.
  hear('router-10000', 10_001)
  expect([isKnown(1_000), isKnown(1_001)]).toEqual([false, true])
  for (let index = 10_001; index < 11_000; index++) hear(`router-${index}`, index)
  expect(isKnown(1_001)).toBe(true)
  hear('router-11000', 11_000)
  expect([isKnown(2_000), isKnown(2_001)]).toEqual([false, true])
  expect(sources.get('steady')).toBeDefined()
})

test('who was nobody in particular turns out to be a router, and stays one', () => {
  const sources = createSources({ silentMs: 10_000, latenessMs: 10_000 })
  for (const component of ['other', 'router', 'other'] as const) {
    const times = { atUnixMs: 1, nowUnixMs: 1, nowMs: 1 }
    sources.heard({ source: { id: 'edge-1', component }, isStatus: false, ...times })
  }
  expect(sources.get('edge-1')?.component).toBe('router')
})
