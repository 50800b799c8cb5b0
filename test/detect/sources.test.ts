import { expect, test } from 'vitest'
import { createSources } from '../../src/detect/sources.ts'
import { cpuMs } from '../lib/cpu-time.ts'

test('a flood of new names stays bounded, is cheap, and drops those unheard for longest', () => {
  const sources = createSources({ silentMs: 10_000, latenessMs: 10_000 })
  const hear = (id: string, nowMs: number) =>
    sources.heard({
      source: { id, component: 'router' },
      isStatus: false,
      atUnixMs: nowMs,
      nowUnixMs: nowMs,
      nowMs,
    })
  const startMs = cpuMs()
  for (let index = 0; index < 100_000; index++) {
    hear(`router-${index}`, index)
    if (index % 500 === 0) hear('steady', index)
  }
  expect(cpuMs() - startMs).toBeLessThan(3_000)
  expect(sources.get('steady')).toBeDefined()
  expect(sources.get('router-99999')).toBeDefined()
  expect(sources.get('router-0')).toBeUndefined()
})

test('who was nobody in particular turns out to be a router, and stays one', () => {
  const sources = createSources({ silentMs: 10_000, latenessMs: 10_000 })
  for (const component of ['other', 'router', 'other'] as const) {
    const times = { atUnixMs: 1, nowUnixMs: 1, nowMs: 1 }
    sources.heard({ source: { id: 'edge-1', component }, isStatus: false, ...times })
  }
  expect(sources.get('edge-1')?.component).toBe('router')
})
